// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension Cluster {
    /// Returns the result of `body`, or nil at the deadline or once no broker is connected and none can be, because
    /// waiting for `body` is pointless then.
    @discardableResult
    func whileReachable<Value: Sendable>(
        until deadline: MonotonicTime, _ body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        await self.loop.first(body) {
            var looks = 0
            while self.loop.now < deadline, !Task.isCancelled, await self.isAnyBrokerReachable(until: deadline) {
                looks += 1
                let next = self.loop.now + self.backoff(failures: looks)
                try? await self.pause(until: min(next, deadline))
            }
        }
    }

    /// Whether a broker is connected or can be.
    private func isAnyBrokerReachable(until deadline: MonotonicTime) async -> Bool {
        let brokers = Array(self.metadata.brokers.keys)
        let isConnected = brokers.contains { broker in
            [ConnectionPurpose.general, .coordinator, .fetch].contains { purpose in
                self.connectionIfOpen(to: broker, for: purpose) != nil
            }
        }
        if isConnected { return true }
        return await withTaskGroup(of: Bool.self) { tasks in
            for broker in brokers {
                tasks.addTask(executorPreference: self.loop) {
                    (try? await self.connection(to: broker, deadline: deadline)) != nil
                }
            }
            defer { tasks.cancelAll() }
            return await tasks.contains(true)
        }
    }
}
