// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Why a connection is used: what can wait long has a socket of its own, so that it holds up nothing else.
enum ConnectionPurpose: Hashable, Sendable {
    /// Metadata, Produce, and everything that is answered at once.
    case general
    /// Fetch, which waits for records.
    case fetch
    /// JoinGroup and heartbeats, which must not wait behind others.
    case coordinator
}

extension Cluster {
    /// The connection to a broker, if it is open now; if not, nothing is begun.
    func connectionIfOpen(to broker: Int32, for purpose: ConnectionPurpose = .general) -> BrokerConnection? {
        self.connections.openConnection(ConnectionKey(target: .broker(broker), purpose: purpose))
    }

    /// Calls `completion` with a connection to a broker, which is made if need be: at once on the calling thread if it
    /// is open, otherwise on the loop. Exactly once. One failed attempt is the end, so that the caller can look for another
    /// leader or coordinator.
    func withConnection(
        to broker: Int32, for purpose: ConnectionPurpose = .general, deadline: MonotonicTime,
        _ completion: @escaping @Sendable (Result<BrokerConnection, KafkaError>) -> Void
    ) {
        self.connections.obtain(
            ConnectionKey(target: .broker(broker), purpose: purpose), deadline: deadline, completion)
    }

    /// A connection to a broker, which is made if need be. One failed attempt is the end, so that the caller can look for
    /// another leader or coordinator.
    func connection(
        to broker: Int32, for purpose: ConnectionPurpose = .general, deadline: MonotonicTime
    ) async throws(KafkaError) -> BrokerConnection {
        try await self.connections.obtain(
            ConnectionKey(target: .broker(broker), purpose: purpose), deadline: deadline)
    }

    /// A connection to any broker: the open one with the least to do, or else the first that can be made, trying known
    /// brokers in random order and then the bootstrap servers, again and again until the deadline.
    func anyConnection(deadline: MonotonicTime) async throws(KafkaError) -> BrokerConnection {
        var rounds = 0
        while true {
            let brokers = self.metadata.brokers
            if let open = self.connections.leastLoaded(of: brokers.keys) { return open }
            var targets = brokers.keys.shuffled().map { ConnectionKey.Target.broker($0) }
            targets += self.connections.bootstrapTargets.shuffled()
            var failures: [KafkaError] = []
            for target in targets {
                do {
                    return try await self.connections.obtain(
                        ConnectionKey(target: target, purpose: .general), deadline: deadline)
                } catch {
                    if error.code == .cancelled || error.code == .closed { throw error }
                    failures.append(error)
                }
            }
            // Waiting can't cure a listener that speaks something else, or a broker that is too old.
            if let first = failures.first, failures.allSatisfy({ !$0.isRetriable }) { throw first }
            rounds += 1
            if rounds == 1, let last = failures.last {
                self.logger(.warning, "No broker can be reached; trying again", [(.error, last.description)])
            }
            let next = self.loop.now + self.backoff(failures: rounds)
            guard next < deadline else {
                throw self.timeoutError("No broker could be reached in time")
            }
            try await self.pause(until: next)
        }
    }

    /// Waits until brokers have read the requests that they don't answer, and closes those connections; within a limit.
    func finishUnanswered(within limit: Duration) async {
        await withDiscardingTaskGroup { group in
            for connection in self.connections.openConnections {
                group.addTask(executorPreference: self.loop) { await connection.finish(within: limit) }
            }
        }
    }

    /// Waits out a backoff on the loop's timers.
    func pause(until time: MonotonicTime) async throws(KafkaError) {
        let timer = Promise<Void>()
        let handle = self.loop.schedule(at: time) { timer.fulfill(.success(())) }
        defer { handle.cancel() }
        try await timer.value()
    }
}
