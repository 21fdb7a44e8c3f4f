// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Runs tasks one at a time, in the order in which they arrived.
final class TurnQueue: Sendable {
    private struct State {
        var isBusy = false
        var waiting = Deque<Promise<Void>>()
    }

    private let state = Lock(State())

    /// Runs `body` once all earlier callers have finished or given up. Throws `timeout` if the deadline passes before
    /// that.
    func run<Value>(
        until deadline: MonotonicTime, on loop: EventLoop, orThrow timeout: @escaping @Sendable () -> KafkaError,
        _ body: () async throws(KafkaError) -> Value
    ) async throws(KafkaError) -> Value {
        try await self.take(until: deadline, on: loop, orThrow: timeout)
        defer { self.giveBack() }
        return try await body()
    }

    /// Takes the turn once all earlier callers have given it back or given up. `giveBack` must follow.
    func take(
        until deadline: MonotonicTime, on loop: EventLoop, orThrow timeout: @escaping @Sendable () -> KafkaError
    ) async throws(KafkaError) {
        let turn = Promise<Void>()
        let mustWait = self.state.withLock { state in
            if state.isBusy { state.waiting.append(turn) }
            defer { state.isBusy = true }
            return state.isBusy
        }
        if mustWait { try await turn.value(until: deadline, on: loop, orThrow: timeout) }
    }

    /// Gives the turn to the next caller.
    func giveBack() {
        while true {
            let turn = self.state.withLock { state in
                let turn = state.waiting.popFirst()
                if turn == nil { state.isBusy = false }
                return turn
            }
            // Skip waiters that have given up.
            guard let turn, !turn.fulfill(.success(())) else { return }
        }
    }
}
