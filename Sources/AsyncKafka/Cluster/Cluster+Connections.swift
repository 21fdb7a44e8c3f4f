// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension Cluster {
    /// Returns the connection to a broker if it is open. Doesn't open one.
    func connectionIfOpen(to broker: Int32, for purpose: ConnectionPurpose = .general) -> BrokerConnection? {
        self.connections.openConnection(ConnectionKey(target: .broker(broker), purpose: purpose))
    }

    /// The open connections for requests that brokers answer at once, so not Fetch, JoinGroup and SyncGroup: those to the brokers that
    /// metadata names or, if there is none, those to bootstrap servers.
    var generalConnections: [BrokerConnection] {
        var (brokers, servers): ([BrokerConnection], [BrokerConnection]) = ([], [])
        for (key, _, condition) in self.connections.known(in: self.metadata.brokers) where key.purpose == .general {
            guard let connection = condition.connection else { continue }
            switch key.target {
            case .broker: brokers.append(connection)
            case .bootstrap: servers.append(connection)
            }
        }
        return brokers.isEmpty ? servers : brokers
    }

    /// Calls `completion` exactly once with a connection to a broker, which is opened if necessary: immediately on the
    /// calling thread if it is open, otherwise on the loop. Makes only one attempt, so that the caller can look for
    /// another leader or coordinator.
    func withConnection(
        to broker: Int32, for purpose: ConnectionPurpose = .general, deadline: MonotonicTime,
        _ completion: @escaping @Sendable (Result<BrokerConnection, KafkaError>) -> Void
    ) {
        self.connections.obtain(
            ConnectionKey(target: .broker(broker), purpose: purpose), deadline: deadline, completion)
    }

    /// Returns a connection to a broker, which is opened if necessary. Makes only one attempt, so that the caller can
    /// look for another leader or coordinator.
    func connection(
        to broker: Int32, for purpose: ConnectionPurpose = .general, deadline: MonotonicTime
    ) async throws(KafkaError) -> BrokerConnection {
        try await self.connections.obtain(
            ConnectionKey(target: .broker(broker), purpose: purpose), deadline: deadline)
    }

    /// Returns a connection to any broker: the open one with the fewest requests, or else the first that can be opened.
    /// Tries the known brokers in random order and then the bootstrap servers, repeatedly until the deadline.
    ///
    /// - Parameter avoiding: Brokers that have refused the request, the most recent last. They are tried after all
    ///   others, and so are silent brokers.
    func anyConnection(
        deadline: MonotonicTime, avoiding refusing: [KafkaServer] = []
    ) async throws(KafkaError) -> BrokerConnection {
        let begun = self.loop.now
        var rounds = 0
        while true {
            let candidates = self.connections.candidates(known: self.metadata.brokers, avoiding: refusing)
            if let open = candidates.open { return self.reached(open) }
            let outcome = await ConnectionRace(
                keys: candidates.others, table: self.connections, loop: self.loop, deadline: deadline
            ).run()
            if let connection = outcome.connection { return self.reached(connection) }
            let failures = outcome.failures
            if let end = failures.first(where: { $0.code == .cancelled || ($0.code == .closed && !$0.isRetriable) }) {
                throw end
            }
            // Waiting doesn't help if the listener uses another protocol or the broker is too old.
            if let first = failures.first, !outcome.isUndecided, failures.allSatisfy({ !$0.isRetriable }) {
                throw first
            }
            rounds += 1
            if let last = failures.last, self.reachability.withLock({ $0.failed(now: self.loop.now) }) != nil {
                self.logger(.warning, "No broker can be reached; trying again", [(.error, last.description)])
            }
            let next = self.loop.now + self.backoff(failures: rounds)
            guard next < deadline else {
                throw self.unreachable(failures.last, rounds: rounds, since: begun)
            }
            try await self.pause(until: next)
        }
    }

    private func reached(_ connection: BrokerConnection) -> BrokerConnection {
        if self.reachability.withLock({ $0.succeeded() }) {
            self.logger(.info, "A broker can be reached again", [(.broker, connection.broker.description)])
        }
        return connection
    }

    private func unreachable(_ last: KafkaError?, rounds: Int, since begun: MonotonicTime) -> KafkaError {
        guard let last else { return self.timeoutError("No broker could be reached in time") }
        let reason = last.after(attempts: rounds, in: self.loop.now - begun)
        return KafkaError(
            .timedOut, "No broker could be reached in time. \(reason.message)", brokerCode: last.brokerCode,
            broker: last.broker, isRetriable: true, underlyingError: last)
    }

    /// Waits until the brokers have read all requests without a response, and closes those connections. Waits for at
    /// most `limit`.
    func finishUnanswered(within limit: Duration) async {
        await withDiscardingTaskGroup { group in
            for connection in self.connections.openConnections {
                group.addTask(executorPreference: self.loop) { await connection.finish(within: limit) }
            }
        }
    }

    /// Waits until a time, with a timer of the loop.
    func pause(until time: MonotonicTime) async throws(KafkaError) {
        let timer = Promise<Void>()
        let handle = self.loop.schedule(at: time) { timer.fulfill(.success(())) }
        defer { handle.cancel() }
        try await timer.value()
    }
}
