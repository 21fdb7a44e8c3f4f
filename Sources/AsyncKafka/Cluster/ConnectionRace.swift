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
    /// How long the first attempt is waited for before another one is begun beside it (RFC 8305, section 5). Doubles with each,
    /// so that logins that take seconds everywhere don't become logins at every broker.
    static let headStart: Duration = .milliseconds(250)

    /// How it ended.
    struct Outcome: Sendable {
        /// The first connection that was there.
        var connection: BrokerConnection?
        var failures: [KafkaError]
        /// Whether some attempts have neither succeeded nor failed: they are still waited for by the next race.
        var isUndecided: Bool
    }

    private struct State {
        var waiting: Deque<ConnectionKey>
        var begun = 0
        var failures: [KafkaError] = []
        var timer: LoopTimer?
        var isOver = false

        var underWay: Int { self.begun - self.failures.count }
        var hasNext: Bool { !self.waiting.isEmpty }
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

    /// Ends with the first connection, or when all attempts have failed, or when some have and the others hang: what has failed
    /// may be well again before those give up.
    func run() async throws(KafkaError) -> Outcome {
        self.beginNext()
        defer { self.end() }
        let connection = try await self.winner.value(until: self.deadline, on: self.loop) { [state] in
            state.withLock { $0.failures.last }
                ?? KafkaError(.timedOut, "No connection in time.", isRetriable: true)
        }
        return self.state.withLock { state in
            Outcome(connection: connection, failures: state.failures, isUndecided: state.underWay > 0)
        }
    }

    private func beginNext() {
        let (key, wait) = self.state.withLock { state -> (ConnectionKey?, Duration) in
            let wait = Self.headStart * (1 << min(state.begun, 3))
            guard !state.isOver, let key = state.waiting.popFirst() else { return (nil, wait) }
            state.begun += 1
            return (key, wait)
        }
        guard let key else { return }
        // Before the attempt, which may end at once and set it anew.
        self.setTimer(after: wait)
        self.table.obtain(key, deadline: self.deadline) { self.ended($0) }
    }

    private func ended(_ result: Result<BrokerConnection, KafkaError>) {
        enum Next {
            case begin, wait, giveUp
        }
        switch result {
        case .success(let connection):
            self.winner.fulfill(.success(connection))
        case .failure(let error):
            let next: Next = self.state.withLock { state in
                state.failures.append(error)
                if state.hasNext { return .begin }
                return state.underWay == 0 ? .giveUp : .wait
            }
            switch next {
            case .begin: self.beginNext()
            case .giveUp: self.winner.fulfill(.success(nil))
            case .wait: self.setTimer(after: Self.headStart)
            }
        }
    }

    /// The attempts under way have had their head start.
    private func timerEnded() {
        let (hasNext, isHopeless) = self.state.withLock { ($0.hasNext, !$0.hasNext && !$0.failures.isEmpty) }
        if hasNext { self.beginNext() }
        if isHopeless { self.winner.fulfill(.success(nil)) }
    }

    /// Sets the timer, in the place of an earlier one.
    private func setTimer(after delay: Duration) {
        let timer = self.loop.schedule(after: delay) { self.timerEnded() }
        let obsolete = self.state.withLock { state in
            if state.isOver { return timer as LoopTimer? }
            defer { state.timer = timer }
            return state.timer
        }
        obsolete?.cancel()
    }

    private func end() {
        let timer = self.state.withLock { state in
            state.isOver = true
            return state.timer
        }
        timer?.cancel()
    }
}
