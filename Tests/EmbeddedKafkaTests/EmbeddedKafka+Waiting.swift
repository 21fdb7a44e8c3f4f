// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTestSupport

@testable import EmbeddedKafka

extension EmbeddedKafka {
    /// Waits until this number of tasks wait for records or groups.
    func untilWaiting(_ count: Int) async throws {
        try await eventually("\(count) tasks wait") { try await self.onLoop { $0.waiters.count } == count }
    }
}
