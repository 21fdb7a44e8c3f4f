// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Decides which connections of a client to open, who waits for them, and which one to use for requests that any broker
/// can answer. Pure.
///
/// There is at most one connection per key, and one attempt at a time to open it. All callers that need it meanwhile
/// wait for that attempt and receive its error, because by then another broker may be the leader or coordinator. Until
/// the backoff is over, later callers receive that error immediately.
struct ConnectionTableStateMachine<Connection: AnyObject & Sendable>: Sendable {
    /// A caller that waits for a connection.
    typealias Waiter = UInt64

    private enum Slot: Sendable {
        /// The connection was never needed, or it was closed regularly.
        case unused
        /// The last attempt failed, or the connection broke. No attempt is made before `notBefore`.
        case failed(KafkaError, failures: Int, notBefore: MonotonicTime)
        case connecting(failures: Int, Set<Waiter>)
        case open(Connection)

        var connection: Connection? { if case .open(let connection) = self { connection } else { nil } }
    }

    private var slots: [ConnectionKey: Slot] = [:]
    /// The addresses of brokers, from metadata or from coordinator look-ups.
    private var addresses: [Int32: Broker] = [:]
    private let bootstrap: [Broker]
    private var lastWaiter: Waiter = 0
    private(set) var isRunning = false
    private(set) var closed: KafkaError?
    /// The error of the last attempt, if none has succeeded since.
    private(set) var lastFailure: KafkaError?
    /// Since when all attempts have failed.
    private(set) var failingSince: MonotonicTime?
    /// The silent brokers, with the time of the timeout.
    private var silences: [KafkaServer: MonotonicTime] = [:]

    init(bootstrap: [Broker]) {
        self.bootstrap = bootstrap
    }

    // MARK: Queries

    func connection(_ key: ConnectionKey) -> Connection? { self.slots[key]?.connection }

    var openConnections: [Connection] { self.slots.values.compactMap(\.connection) }

    /// The connections that are open or being opened, or have failed, with their servers. The failure of a server that is no longer
    /// asked, because it isn't one of the cluster's brokers any more or is asked as one of them, doesn't count.
    func known(
        in brokers: [Int32: Broker]
    ) -> [(key: ConnectionKey, broker: Broker, condition: ConnectionCondition<Connection>)] {
        let servers = Set(brokers.values.map(\.server))
        return self.slots.compactMap { key, slot in
            guard let broker = self.address(of: key) else { return nil }
            switch slot {
            case .unused: return nil
            case .failed(let error, _, _):
                let isAsked =
                    switch key.target {
                    case .bootstrap: !servers.contains(broker.server)
                    case .broker(let id): brokers.isEmpty || brokers[id] != nil
                    }
                return isAsked ? (key, broker, .failed(error)) : nil
            case .connecting: return (key, broker, .connecting)
            case .open(let connection): return (key, broker, .open(connection))
            }
        }
    }

    /// The address for a key, or nil if it isn't known.
    func address(of key: ConnectionKey) -> Broker? {
        switch key.target {
        case .bootstrap(let index): self.bootstrap[index]
        case .broker(let id): self.addresses[id]
        }
    }

    /// Returns candidates for a request that any broker can answer: the open connections to suitable brokers or, if
    /// there is none, the connections to try, in order.
    ///
    /// - Parameters:
    ///   - known: The known brokers of the cluster.
    ///   - refusing: Brokers that come after all others, the most recent last.
    ///   - isReady: Whether an open connection would send a request immediately. Other open connections come after
    ///     brokers without a connection.
    ///   - lastAnswer: The time of the last answer on a connection.
    ///   - shuffled: Returns the keys in random order.
    func candidates(
        known: [Int32: Broker], avoiding refusing: [KafkaServer], isReady: (Connection) -> Bool,
        lastAnswer: (Connection) -> MonotonicTime, shuffled: ([ConnectionKey]) -> [ConnectionKey]
    ) -> (open: [Connection], others: [ConnectionKey]) {
        let addresses = Set(known.values.map(\.server))
        // A bootstrap server that is a known broker is excluded: it would be asked twice.
        let bootstrap = self.bootstrap.indices.filter { !addresses.contains(self.bootstrap[$0].server) }
        let keys =
            shuffled(known.keys.map { Self.general(.broker($0)) })
            + shuffled(bootstrap.map { Self.general(.bootstrap($0)) })
        let targets = keys.compactMap { key -> (key: ConnectionKey, server: KafkaServer)? in
            switch key.target {
            case .broker(let id): known[id].map { (key, $0.server) }
            case .bootstrap(let index): (key, self.bootstrap[index].server)
            }
        }
        let silent = Set(self.silences.filter { !self.hasAnswered($0.key, since: $0.value, lastAnswer) }.keys)
        let good = targets.filter { !refusing.contains($0.server) && !silent.contains($0.server) }
        let open = good.compactMap { self.slots[$0.key]?.connection }
        let ready = open.filter(isReady)
        if !ready.isEmpty { return (ready, []) }
        let unconnected = good.filter { self.slots[$0.key]?.connection == nil }
        if unconnected.isEmpty, !open.isEmpty { return (open, []) }
        let paused = good.filter { self.slots[$0.key]?.connection != nil }
        // Silent brokers come before those that have refused, and the oldest refusal comes first.
        let rank = Dictionary(refusing.enumerated().map { ($0.element, $0.offset) }) { $1 }
        let bad = targets.filter { refusing.contains($0.server) || silent.contains($0.server) }
            .sorted { rank[$0.server] ?? -1 < rank[$1.server] ?? -1 }
        return ([], (unconnected + paused + bad).map(\.key))
    }

    /// The number of servers that could answer a request that any broker can answer.
    func candidateCount(known: [Int32: Broker]) -> Int {
        Set(known.values.map(\.server)).union(self.bootstrap.map(\.server)).count
    }

    private func hasAnswered(
        _ server: KafkaServer, since time: MonotonicTime, _ lastAnswer: (Connection) -> MonotonicTime
    ) -> Bool {
        self.slots.contains { key, slot in
            guard let connection = slot.connection, self.address(of: key)?.server == server else { return false }
            return lastAnswer(connection) > time
        }
    }

    private static func general(_ target: ConnectionKey.Target) -> ConnectionKey {
        ConnectionKey(target: target, purpose: .general)
    }

    // MARK: Obtaining

    enum Obtained: Sendable {
        case open(Connection)
        /// The waiter will be served by `connected`, `failed` or `waitEnded`. If `begins` is true, the caller must
        /// begin an attempt.
        case wait(Waiter, begins: Bool)
        case refused(KafkaError)
    }

    mutating func obtain(_ key: ConnectionKey, now: MonotonicTime) -> Obtained {
        if let closed = self.closed { return .refused(closed) }
        self.lastWaiter += 1
        switch self.slots[key] ?? .unused {
        case .open(let connection):
            return .open(connection)
        case .connecting(let failures, var waiters):
            waiters.insert(self.lastWaiter)
            self.slots[key] = .connecting(failures: failures, waiters)
            return .wait(self.lastWaiter, begins: false)
        case .failed(let error, _, let notBefore) where notBefore > now:
            return .refused(error)
        case .failed(_, let failures, _):
            self.slots[key] = .connecting(failures: failures, [self.lastWaiter])
            return .wait(self.lastWaiter, begins: true)
        case .unused:
            self.slots[key] = .connecting(failures: 0, [self.lastWaiter])
            return .wait(self.lastWaiter, begins: true)
        }
    }

    /// Removes a waiter that has given up. Returns whether it was still waiting.
    mutating func waitEnded(_ key: ConnectionKey, _ waiter: Waiter) -> Bool {
        guard case .connecting(let failures, var waiters)? = self.slots[key], waiters.remove(waiter) != nil else {
            return false
        }
        self.slots[key] = .connecting(failures: failures, waiters)
        return true
    }

    // MARK: Attempts

    mutating func began() {
        self.isRunning = true
    }

    enum Connected: Sendable {
        case serve(Set<Waiter>)
        /// Close the connection, and fail the waiters with the error.
        case refuse(Set<Waiter>, KafkaError)
    }

    /// An attempt to connect to `broker` has succeeded.
    mutating func connected(
        _ key: ConnectionKey, _ connection: Connection, to broker: Broker, isOpen: Bool
    ) -> Connected {
        if let closed = self.closed { return .refuse([], closed) }
        var ended: Set<Waiter> = []
        if case .connecting(_, let waiters)? = self.slots[key] { ended = waiters }
        // Another broker may use the old address now.
        guard self.address(of: key)?.server == broker.server else {
            self.slots[key] = .unused
            return .refuse(ended, .brokerHasMoved)
        }
        self.slots[key] = isOpen ? .open(connection) : .unused
        self.lastFailure = nil
        self.failingSince = nil
        self.silences[broker.server] = nil
        return .serve(ended)
    }

    /// An attempt has failed. Returns its waiters.
    mutating func failed(
        _ key: ConnectionKey, _ error: KafkaError, now: MonotonicTime, backoff: (_ failures: Int) -> Duration
    ) -> Set<Waiter> {
        self.lastFailure = error
        self.failingSince = self.failingSince ?? now
        guard case .connecting(let failures, let waiters)? = self.slots[key] else { return [] }
        self.slots[key] = .failed(error, failures: failures + 1, notBefore: now + backoff(failures + 1))
        return waiters
    }

    /// A connection has closed.
    mutating func ended(
        _ connection: Connection, _ error: KafkaError, now: MonotonicTime, backoff: (_ failures: Int) -> Duration
    ) {
        guard let key = self.slots.first(where: { $0.value.connection === connection })?.key else { return }
        if error.code == .timedOut, let server = self.address(of: key)?.server { self.silences[server] = now }
        self.slots[key] =
            error.code == .closed ? .unused : .failed(error, failures: 1, notBefore: now + backoff(1))
    }

    /// Marks a broker as silent after a timeout. Other brokers are asked before it until it answers again.
    mutating func noteSilence(of server: KafkaServer, now: MonotonicTime) {
        self.silences[server] = now
    }

    // MARK: Broker addresses

    /// Applies the addresses of brokers. Returns the connections to addresses that are no longer those of their
    /// brokers, to be closed. A bootstrap connection whose server is one of the brokers becomes that broker's
    /// connection.
    mutating func brokersChanged(_ brokers: [Int32: Broker]) -> [Connection] {
        var moved: [Connection] = []
        for (id, broker) in brokers {
            let known = self.addresses.updateValue(broker, forKey: id)
            if let known, known.server != broker.server {
                for purpose in ConnectionPurpose.allCases {
                    moved += self.forget(ConnectionKey(target: .broker(id), purpose: purpose))
                }
            }
            self.adoptBootstrapConnection(for: broker, id)
        }
        let servers = Set(self.addresses.values.map(\.server)).union(self.bootstrap.map(\.server))
        self.silences = self.silences.filter { servers.contains($0.key) }
        return moved
    }

    /// Applies the address of a coordinator, which the metadata may not contain yet.
    mutating func learn(_ broker: Broker) -> [Connection] {
        guard let id = broker.id, self.addresses[id]?.server != broker.server else { return [] }
        return self.brokersChanged([id: broker])
    }

    /// The broker has moved, so a failure at its old address is irrelevant. An attempt in progress ends by itself, in
    /// `connected` or `failed`.
    private mutating func forget(_ key: ConnectionKey) -> [Connection] {
        switch self.slots[key] ?? .unused {
        case .open(let connection):
            self.slots[key] = .unused
            return [connection]
        case .failed:
            self.slots[key] = .unused
            return []
        case .connecting, .unused:
            return []
        }
    }

    private mutating func adoptBootstrapConnection(for broker: Broker, _ id: Int32) {
        let own = Self.general(.broker(id))
        switch self.slots[own] ?? .unused {
        case .open, .connecting: return
        case .unused, .failed: break
        }
        for (index, server) in self.bootstrap.enumerated() where server.server == broker.server {
            let key = Self.general(.bootstrap(index))
            guard let connection = self.slots[key]?.connection else { continue }
            self.slots[key] = .unused
            self.slots[own] = .open(connection)
            return
        }
    }

    // MARK: Closing

    /// Removes and returns all open connections, so that the caller closes them. New ones can be opened.
    mutating func takeAll() -> [Connection] {
        let open = self.openConnections
        for (key, slot) in self.slots where slot.connection != nil { self.slots[key] = .unused }
        return open
    }

    /// Closes the table permanently. Returns the connections to close and the waiters to fail.
    mutating func close(_ error: KafkaError) -> (connections: [Connection], waiters: Set<Waiter>) {
        self.isRunning = false
        self.closed = error
        var waiting: Set<Waiter> = []
        for slot in self.slots.values {
            if case .connecting(_, let waiters) = slot { waiting.formUnion(waiters) }
        }
        let connections = self.openConnections
        self.slots = [:]
        return (connections, waiting)
    }
}

/// The state of a connection that is or was needed.
enum ConnectionCondition<Connection: Sendable>: Sendable {
    case connecting
    case open(Connection)
    case failed(KafkaError)

    var connection: Connection? { if case .open(let connection) = self { connection } else { nil } }
}

extension KafkaError {
    /// The error for a connection to a broker's former address.
    static let brokerHasMoved = KafkaError(
        .connectionFailed, "The broker has moved to another address.", isRetriable: true)
}
