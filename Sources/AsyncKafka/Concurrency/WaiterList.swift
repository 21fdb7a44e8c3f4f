// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// A list of tasks that wait for a change and then check again.
final class WaiterList: Sendable {
    private let waiters = Lock<[ObjectIdentifier: Promise<Void>]>([:])

    /// Wakes all waiting tasks.
    func wakeAll() {
        let waiting = self.waiters.withLock { waiters in
            defer { waiters = [:] }
            return Array(waiters.values)
        }
        for waiter in waiting { waiter.fulfill(.success(())) }
    }

    /// Waits for the next change. `isDone` is checked after registering, so that no change in between is missed.
    func wait(
        until deadline: MonotonicTime, on loop: EventLoop, unless isDone: @Sendable () -> Bool,
        orThrow timeout: @escaping @Sendable () -> KafkaError
    ) async throws(KafkaError) {
        let promise = Promise<Void>()
        self.waiters.withLock { $0[ObjectIdentifier(promise)] = promise }
        defer { self.waiters.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(promise)) } }
        if isDone() { return }
        try await promise.value(until: deadline, on: loop, orThrow: timeout)
    }
}
