// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaAdminClient {
    /// Whether the client can do its work. It is ready while it runs and reaches a broker. Sends no request, and can be read at any
    /// time from any task.
    public var health: KafkaHealth { self.cluster.health }
}
