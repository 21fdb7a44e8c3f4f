// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension EventLoop {
    /// Returns the result of `body`, or nil if `limit` ends first. `body` is then cancelled and must respond to
    /// cancellation.
    func first<Value: Sendable>(
        _ body: @escaping @Sendable () async -> Value, before limit: @escaping @Sendable () async -> Void
    ) async -> Value? {
        await withTaskGroup(of: Value?.self) { tasks in
            tasks.addTask(executorPreference: self) { await body() }
            tasks.addTask(executorPreference: self) {
                await limit()
                return nil
            }
            defer { tasks.cancelAll() }
            return await tasks.next() ?? nil
        }
    }
}
