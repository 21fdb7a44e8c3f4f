// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaAdminClient {
    /// Returns what the client has counted and measured: its connections and requests. Sends no request, and can be called at any
    /// time from any task.
    public func statistics() -> ClientStatistics { self.cluster.statistics() }
}
