// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Lets tasks through one after the other, in the order in which they came.
final class TurnQueue: Sendable {
    private struct State {
        var isBusy = false
        var waiting = Deque<Promise<Void>>()
    }

    private let state = Lock(State())

    /// Runs `body` when all that came before have ended or given up, unless the deadline comes first.
    func run<Value>(
        until deadline: MonotonicTime, on loop: EventLoop, orThrow timeout: @escaping @Sendable () -> KafkaError,
        _ body: () async throws(KafkaError) -> Value
    ) async throws(KafkaError) -> Value {
        let turn = Promise<Void>()
        let mustWait = self.state.withLock { state in
            if state.isBusy { state.waiting.append(turn) }
            defer { state.isBusy = true }
            return state.isBusy
        }
        if mustWait { try await turn.value(until: deadline, on: loop, orThrow: timeout) }
        defer { self.next() }
        return try await body()
    }

    private func next() {
        while true {
            let turn = self.state.withLock { state in
                let turn = state.waiting.popFirst()
                if turn == nil { state.isBusy = false }
                return turn
            }
            // Who has given up has no use for a turn.
            guard let turn, !turn.fulfill(.success(())) else { return }
        }
    }
}
