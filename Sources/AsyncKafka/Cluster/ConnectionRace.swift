// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Looks for the first of several connections that can be had: the next one is begun when the last has failed, or is not there
/// after a short while (as RFC 8305 does with addresses). Those that come later stay in the table for others.
final class ConnectionRace: Sendable {
    /// How long an attempt is waited for before another one is begun beside it (RFC 8305, section 5).
    static let headStart: Duration = .milliseconds(250)

    private struct State {
        var waiting: Deque<ConnectionKey>
        var underWay = 0
        var failures: [KafkaError] = []
        var timer: LoopTimer?
        var isOver = false
    }

    private let table: ConnectionTable
    private let loop: EventLoop
    private let deadline: MonotonicTime
    private let state: Lock<State>
    private let winner = Promise<BrokerConnection?>()

    /// - Parameter keys: in the order in which they are tried.
    init(_ keys: [ConnectionKey], in table: ConnectionTable, on loop: EventLoop, deadline: MonotonicTime) {
        self.table = table
        self.loop = loop
        self.deadline = deadline
        var waiting = Deque<ConnectionKey>()
        for key in keys { waiting.append(key) }
        self.state = Lock(State(waiting: waiting))
    }

    /// The first connection; or why there is none, once all attempts have failed.
    func run() async throws(KafkaError) -> (connection: BrokerConnection?, failures: [KafkaError]) {
        self.beginNext()
        defer { self.end() }
        let connection = try await self.winner.value(until: self.deadline, on: self.loop) { [state] in
            state.withLock { $0.failures.last }
                ?? KafkaError(.timedOut, "No connection in time.", isRetriable: true)
        }
        return (connection, self.state.withLock { $0.failures })
    }

    private func beginNext() {
        let key: ConnectionKey? = self.state.withLock { state in
            guard !state.isOver, let key = state.waiting.popFirst() else { return nil }
            state.underWay += 1
            return key
        }
        guard let key else { return }
        self.table.obtain(key, deadline: self.deadline) { self.ended($0) }
        let timer = self.loop.schedule(after: Self.headStart) { self.beginNext() }
        let obsolete = self.state.withLock { state in
            if state.isOver { return timer as LoopTimer? }
            defer { state.timer = timer }
            return state.timer
        }
        obsolete?.cancel()
    }

    private func ended(_ result: Result<BrokerConnection, KafkaError>) {
        switch result {
        case .success(let connection):
            self.winner.fulfill(.success(connection))
        case .failure(let error):
            let isLast = self.state.withLock { state in
                state.underWay -= 1
                state.failures.append(error)
                return state.underWay == 0 && state.waiting.isEmpty
            }
            if isLast { self.winner.fulfill(.success(nil)) } else { self.beginNext() }
        }
    }

    private func end() {
        let timer = self.state.withLock { state in
            state.isOver = true
            return state.timer
        }
        timer?.cancel()
    }
}
