// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// The events of a test in order, with a way to wait for them.
final class EventLog: Sendable {
    private struct State {
        var events: [String] = []
        var waiters: [(isSatisfied: @Sendable ([String]) -> Bool, end: FirstResult<Void>)] = []
    }

    private let state = Lock(State())

    var events: [String] { self.state.withLock { $0.events } }

    func add(_ event: String) {
        let satisfied = self.state.withLock { state in
            state.events.append(event)
            let events = state.events
            let satisfied = state.waiters.filter { $0.isSatisfied(events) }.map(\.end)
            state.waiters.removeAll { $0.isSatisfied(events) }
            return satisfied
        }
        for end in satisfied { end.give(()) }
    }

    /// Waits until the events satisfy a condition. The test's time limit ends a wait without success.
    func until(_ condition: @escaping @Sendable ([String]) -> Bool) async {
        let end = FirstResult<Void>()
        let isSatisfied = self.state.withLock { state in
            if condition(state.events) { return true }
            state.waiters.append((condition, end))
            return false
        }
        if !isSatisfied { await end.value(whenCancelled: ()) }
    }

    func until(_ event: String, count: Int = 1) async {
        await self.until { events in events.count { $0 == event } >= count }
    }
}
