// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Finds the first of several connections that can be opened. The next attempt begins when the previous one has failed
/// or takes longer than a short time, as with addresses in RFC 8305. Connections that open later stay in the table for
/// other callers.
struct ConnectionRace: Sendable {
    /// The time after which a second attempt begins beside the first (RFC 8305, section 5). It doubles with each
    /// attempt, so that slow logins at all brokers don't lead to a login at every broker.
    static let headStart: Duration = .milliseconds(250)

    /// The result of a race.
    struct Outcome: Sendable {
        /// The first connection that was open.
        var connection: BrokerConnection?
        var failures: [KafkaError] = []
        /// Whether some attempts have neither succeeded nor failed. The next race waits for the same attempts.
        var isUndecided = false
    }

    private enum Event: Sendable {
        case ended(Result<BrokerConnection, KafkaError>)
        /// The current attempts have used up their time. The event is ignored if a later timer was set.
        case waited(timer: Int)
    }

    /// The connections in the order in which they are tried.
    let keys: [ConnectionKey]
    let table: ConnectionTable
    let loop: EventLoop
    let deadline: MonotonicTime

    /// Returns with the first connection, when all attempts have failed, or when some have failed and the others hang,
    /// because a failed broker may recover before the hanging attempts end.
    func run() async -> Outcome {
        await withTaskGroup(of: Event.self) { group in
            var outcome = Outcome()
            var begun = 0
            var timers = 0
            self.begin(&begun, &timers, &group)
            while let event = await group.next() {
                switch event {
                case .ended(.success(let connection)):
                    outcome.connection = connection
                    group.cancelAll()
                    return outcome
                case .ended(.failure(let error)):
                    outcome.failures.append(error)
                    if begun < self.keys.count {
                        self.begin(&begun, &timers, &group)
                    } else if outcome.failures.count == begun {
                        group.cancelAll()
                        return outcome
                    } else {
                        self.wait(Self.headStart, &timers, &group)
                    }
                case .waited(timers) where begun < self.keys.count:
                    self.begin(&begun, &timers, &group)
                case .waited(timers) where !outcome.failures.isEmpty:
                    outcome.isUndecided = true
                    group.cancelAll()
                    return outcome
                case .waited:
                    break
                }
            }
            return outcome
        }
    }

    /// Begins the next attempt.
    private func begin(_ begun: inout Int, _ timers: inout Int, _ group: inout TaskGroup<Event>) {
        guard begun < self.keys.count else { return }
        let key = self.keys[begun]
        group.addTask(executorPreference: self.loop) {
            do throws(KafkaError) {
                return .ended(.success(try await self.table.obtain(key, deadline: self.deadline)))
            } catch {
                return .ended(.failure(error))
            }
        }
        self.wait(Self.headStart * (1 << min(begun, 3)), &timers, &group)
        begun += 1
    }

    private func wait(_ delay: Duration, _ timers: inout Int, _ group: inout TaskGroup<Event>) {
        timers += 1
        let timer = timers
        group.addTask(executorPreference: self.loop) {
            // Ends early when the race is over.
            try? await self.loop.sleep(for: delay)
            return .waited(timer: timer)
        }
    }
}
