// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Which connection: to whom, and what for.
struct ConnectionKey: Hashable, Sendable {
    enum Target: Hashable, Sendable {
        /// A broker by its id.
        case broker(Int32)
        /// A bootstrap server by its place in the configuration.
        case bootstrap(Int)
    }

    var target: Target
    var purpose: ConnectionPurpose
}

/// The connections of one client: at most one for each key, made when they are first wanted.
///
/// An attempt to connect is made by a task of `run()`, one at a time for each key and with growing waits after failures;
/// everybody who wants that connection waits for the same attempt, and hears of its failure: by then another broker may lead
/// the partition or coordinate the group, so that waiting for the one that is gone would be waiting for nothing.
final class ConnectionTable: Sendable {
    typealias Completion = @Sendable (Result<BrokerConnection, KafkaError>) -> Void

    private struct Waiter {
        let completion: Completion
        var timer: LoopTimer?
    }

    private struct Slot {
        var connection: BrokerConnection?
        var isConnecting = false
        var failures = 0
        var notBefore: MonotonicTime?
        var lastError: KafkaError?
        var waiters: [UInt64: Waiter] = [:]
    }

    private struct State {
        var slots: [ConnectionKey: Slot] = [:]
        var addresses: [Int32: Broker] = [:]
        var nextWaiter: UInt64 = 0
        var isRunning = false
        var closed: KafkaError?
        var lastFailure: KafkaError?
        /// Brokers that have let a request run out of time, and when.
        var silences: [KafkaServer: MonotonicTime] = [:]
    }

    private let configuration: KafkaClientConfiguration
    private let security: ConnectionSecurity
    private let loop: EventLoop
    private let logger: Logger
    private let bootstrap: [Broker]
    private let state = Lock(State())
    private let attempts: AsyncStream<ConnectionKey>
    private let attemptsContinuation: AsyncStream<ConnectionKey>.Continuation

    init(
        configuration: KafkaClientConfiguration, loop: EventLoop, logger: Logger
    ) throws(KafkaError) {
        self.configuration = configuration
        self.security = try ConnectionSecurity(configuration.security, logger: logger)
        self.loop = loop
        self.logger = logger
        self.bootstrap = configuration.bootstrapServers.compactMap { text in
            KafkaServer(text).map { Broker(id: nil, host: $0.host, port: $0.port) }
        }
        // Bounded by the number of keys: a key is in the stream at most once.
        (self.attempts, self.attemptsContinuation) = AsyncStream.makeStream()
    }

    /// Makes the connections that are wanted, until the task is cancelled; then closes them all.
    func run() async {
        self.state.withLock { $0.isRunning = true }
        await withDiscardingTaskGroup { group in
            for await key in self.attempts {
                group.addTask(executorPreference: self.loop) { await self.connect(key) }
            }
        }
        let closed = KafkaError(.closed, "The client is closed.")
        self.state.withLock { state in
            state.isRunning = false
            state.closed = closed
        }
        self.closeAll(closed)
    }

    // MARK: Looking

    var isRunning: Bool { self.state.withLock { $0.isRunning } }

    /// The last attempt that failed, if none has succeeded since.
    var lastFailure: KafkaError? { self.state.withLock { $0.lastFailure } }

    var openConnections: [BrokerConnection] { self.state.withLock { $0.slots.values.compactMap(\.connection) } }

    func openConnection(_ key: ConnectionKey) -> BrokerConnection? {
        self.state.withLock { $0.slots[key]?.connection }
    }

    /// Who can be asked what any broker knows: an open connection, if there is one to a broker that is as good as any, and
    /// otherwise the connections to try, the best first.
    ///
    /// - Parameters:
    ///   - known: the brokers of the cluster, as far as they are known.
    ///   - refusing: brokers that come after all others, the newest last.
    func candidates(
        known: [Int32: Broker], avoiding refusing: [KafkaServer]
    ) -> (open: BrokerConnection?, keys: [ConnectionKey]) {
        self.state.withLock { state in
            let addresses = Set(known.values.map(\.server))
            var targets = known.map { (target: ConnectionKey.Target.broker($0.key), server: $0.value.server) }
            targets.shuffle()
            // A bootstrap server that is a broker would be asked twice.
            targets += self.bootstrap.enumerated().filter { !addresses.contains($0.element.server) }
                .map { (target: .bootstrap($0.offset), server: $0.element.server) }.shuffled()
            func isAvoided(_ server: KafkaServer) -> Bool {
                refusing.contains(server) || Self.isSilent(server, state)
            }
            func key(_ target: ConnectionKey.Target) -> ConnectionKey {
                ConnectionKey(target: target, purpose: .general)
            }
            let good = targets.filter { !isAvoided($0.server) }
            let open = good.compactMap { state.slots[key($0.target)]?.connection }
            if let best = open.min(by: { $0.requestsInFlight < $1.requestsInFlight }) { return (best, []) }
            // The one whose refusal is the oldest is asked first; before all of them those that were only silent.
            let rank = Dictionary(refusing.enumerated().map { ($0.element, $0.offset) }) { $1 }
            let bad = targets.filter { isAvoided($0.server) }
                .sorted { rank[$0.server] ?? -1 < rank[$1.server] ?? -1 }
            return (nil, (good + bad).map { key($0.target) })
        }
    }

    /// Notes that a broker has let a request run out of time: others are asked first, until it answers something.
    func noteSilence(of broker: Broker) {
        let now = self.loop.now
        self.state.withLock { $0.silences[broker.server] = now }
    }

    private static func isSilent(_ server: KafkaServer, _ state: State) -> Bool {
        guard let since = state.silences[server] else { return false }
        return !state.slots.values.contains { slot in
            slot.connection.map { $0.broker.server == server && $0.lastAnswer > since } ?? false
        }
    }

    // MARK: Obtaining

    func obtain(
        _ key: ConnectionKey, deadline: MonotonicTime
    ) async throws(KafkaError) -> BrokerConnection {
        let promise = Promise<BrokerConnection>()
        self.obtain(key, deadline: deadline) { promise.fulfill($0) }
        return try await promise.value()
    }

    /// Calls `completion` exactly once: on the calling thread if the connection is open or can't be had, else on the loop.
    func obtain(
        _ key: ConnectionKey, deadline: MonotonicTime, _ completion: @escaping Completion
    ) {
        enum Decision {
            case done(Result<BrokerConnection, KafkaError>)
            case wait(UInt64)
        }
        let now = self.loop.now
        let decision: Decision = self.state.withLock { state in
            if let closed = state.closed { return .done(.failure(closed)) }
            if let open = state.slots[key]?.connection { return .done(.success(open)) }
            let slot = state.slots[key] ?? Slot()
            if !slot.isConnecting, let notBefore = slot.notBefore, notBefore > now,
                let error = slot.lastError
            {
                return .done(.failure(error))
            }
            state.nextWaiter += 1
            state.slots[key, default: Slot()].waiters[state.nextWaiter] = Waiter(completion: completion)
            return .wait(state.nextWaiter)
        }
        switch decision {
        case .done(let result):
            completion(result)
        case .wait(let id):
            let timer = self.loop.schedule(at: deadline) { self.waitTimedOut(key, id) }
            let isWaiting = self.state.withLock { state in
                state.slots[key]?.waiters[id]?.timer = timer
                return state.slots[key]?.waiters[id] != nil
            }
            if isWaiting { self.attemptIfNeeded(key) } else { timer.cancel() }
        }
    }

    private func waitTimedOut(_ key: ConnectionKey, _ id: UInt64) {
        let (waiter, lastError, isRunning) = self.state.withLock { state in
            (state.slots[key]?.waiters.removeValue(forKey: id), state.slots[key]?.lastError, state.isRunning)
        }
        guard let waiter else { return }
        let broker = self.address(of: key)?.description
        let error: KafkaError
        if !isRunning {
            error = KafkaError(
                .timedOut, "No connection: nothing is running this client's run(). Start it, or use the with… scope.",
                broker: broker)
        } else {
            error = KafkaError(
                .timedOut,
                "No connection in time.\(lastError.map { " The last attempt failed: \($0.message)" } ?? "")",
                broker: broker, isRetriable: true, underlyingError: lastError)
        }
        waiter.completion(.failure(error))
    }

    /// Begins an attempt if somebody waits, none is under way and the backoff is over; else sees that it begins then.
    private func attemptIfNeeded(_ key: ConnectionKey) {
        enum Decision {
            case nothing
            case begin
            case later(MonotonicTime)
            case serve(BrokerConnection, [Waiter])
        }
        let now = self.loop.now
        let decision: Decision = self.state.withLock { state in
            guard state.closed == nil, var slot = state.slots[key], !slot.waiters.isEmpty, !slot.isConnecting else {
                return .nothing
            }
            if let open = slot.connection {
                let waiters = Array(slot.waiters.values)
                slot.waiters = [:]
                state.slots[key] = slot
                return .serve(open, waiters)
            }
            if let notBefore = slot.notBefore, notBefore > now { return .later(notBefore) }
            slot.isConnecting = true
            state.slots[key] = slot
            return .begin
        }
        switch decision {
        case .nothing:
            // Closed between the two looks: whoever registered last must be told.
            if let closed = self.state.withLock({ $0.closed }) { self.failWaiters(closed) }
        case .begin:
            self.attemptsContinuation.yield(key)
        case .later(let time):
            _ = self.loop.schedule(at: time) { self.attemptIfNeeded(key) }
        case .serve(let connection, let waiters):
            self.complete(waiters, with: .success(connection))
        }
    }

    // MARK: Connecting

    private func address(of key: ConnectionKey) -> Broker? {
        switch key.target {
        case .bootstrap(let index): self.bootstrap[index]
        case .broker(let id): self.state.withLock { $0.addresses[id] }
        }
    }

    private func connect(_ key: ConnectionKey) async {
        guard let broker = self.address(of: key) else {
            let error = KafkaError(
                .connectionFailed, "The cluster's metadata doesn't name the broker with this id.",
                broker: "(\(key.target))", isRetriable: true)
            self.attemptFailed(key, error)
            return
        }
        do {
            let connection = try await BrokerConnection.open(
                to: broker, configuration: self.configuration, security: self.security, loop: self.loop,
                logger: self.logger
            ) { [weak self] connection, error in
                self?.connectionClosed(connection, error)
            }
            self.attemptSucceeded(key, connection)
            if let mechanism = self.security.mechanism { await connection.keepAuthenticated(by: mechanism) }
        } catch {
            self.attemptFailed(key, error)
        }
    }

    private func attemptSucceeded(_ key: ConnectionKey, _ connection: BrokerConnection) {
        let (waiters, closed) = self.state.withLock { state -> ([Waiter], KafkaError?) in
            if let closed = state.closed { return ([], closed) }
            var slot = state.slots[key] ?? Slot()
            slot.connection = connection.isOpen ? connection : nil
            slot.isConnecting = false
            slot.failures = 0
            slot.notBefore = nil
            slot.lastError = nil
            let waiters = Array(slot.waiters.values)
            slot.waiters = [:]
            state.slots[key] = slot
            state.lastFailure = nil
            state.silences[connection.broker.server] = nil
            return (waiters, nil)
        }
        if let closed {
            connection.close(closed)
            self.failWaiters(closed)
        } else {
            self.complete(waiters, with: .success(connection))
        }
    }

    private func attemptFailed(_ key: ConnectionKey, _ error: KafkaError) {
        self.logger(.debug, "A connection could not be made", [(.error, error.description)])
        let failed: [Waiter] = self.state.withLock { state in
            var slot = state.slots[key] ?? Slot()
            slot.isConnecting = false
            self.noteFailure(&slot, error)
            let waiters = Array(slot.waiters.values)
            slot.waiters = [:]
            state.slots[key] = slot
            state.lastFailure = error
            return waiters
        }
        self.complete(failed, with: .failure(error))
    }

    private func noteFailure(_ slot: inout Slot, _ error: KafkaError) {
        slot.failures += 1
        slot.lastError = error
        slot.notBefore =
            self.loop.now
            + ExponentialBackoff(
                initial: self.configuration.reconnectBackoff, maximum: self.configuration.reconnectBackoffMax
            ).delay(failures: slot.failures, jitter: .random(in: 0..<1))
    }

    private func connectionClosed(_ connection: BrokerConnection, _ error: KafkaError) {
        let now = self.loop.now
        self.state.withLock { state in
            if error.code == .timedOut { state.silences[connection.broker.server] = now }
            guard let (key, slot) = state.slots.first(where: { $0.value.connection === connection }) else { return }
            var changed = slot
            changed.connection = nil
            if error.code != .closed { self.noteFailure(&changed, error) }
            state.slots[key] = changed
        }
    }

    private func complete(_ waiters: [Waiter], with result: Result<BrokerConnection, KafkaError>) {
        for waiter in waiters {
            waiter.timer?.cancel()
            waiter.completion(result)
        }
    }

    private func failWaiters(_ error: KafkaError) {
        let waiters = self.state.withLock { state in
            var waiters: [Waiter] = []
            for key in Array(state.slots.keys) {
                waiters += state.slots[key]?.waiters.values.map { $0 } ?? []
                state.slots[key]?.waiters = [:]
            }
            return waiters
        }
        self.complete(waiters, with: .failure(error))
    }

    // MARK: What the cluster tells

    /// Takes the brokers of new metadata. Connections to an address that a broker no longer has are closed, and a
    /// bootstrap connection whose server turns out to be a broker becomes that broker's.
    func brokersChanged(_ brokers: [Int32: Broker]) {
        let (moved, adopted) = self.state.withLock { state in
            var moved: [BrokerConnection] = []
            var adopted: [ConnectionKey] = []
            for (id, broker) in brokers {
                let known = state.addresses.updateValue(broker, forKey: id)
                if let known, known.host != broker.host || known.port != broker.port {
                    for purpose in [ConnectionPurpose.general, .fetch, .coordinator] {
                        let key = ConnectionKey(target: .broker(id), purpose: purpose)
                        if let connection = state.slots[key]?.connection { moved.append(connection) }
                        state.slots[key]?.connection = nil
                        state.slots[key]?.failures = 0
                        state.slots[key]?.notBefore = nil
                    }
                }
                if let key = Self.adoptBootstrapConnection(&state, self.bootstrap, broker, id) { adopted.append(key) }
            }
            return (moved, adopted)
        }
        for key in adopted { self.attemptIfNeeded(key) }
        for connection in moved {
            connection.close(
                KafkaError(.connectionFailed, "The broker has moved to another address.", isRetriable: true))
        }
    }

    private static func adoptBootstrapConnection(
        _ state: inout State, _ bootstrap: [Broker], _ broker: Broker, _ id: Int32
    ) -> ConnectionKey? {
        let general = ConnectionKey(target: .broker(id), purpose: .general)
        guard state.slots[general]?.connection == nil, state.slots[general]?.isConnecting != true else { return nil }
        for (index, server) in bootstrap.enumerated() where server.host == broker.host && server.port == broker.port {
            let key = ConnectionKey(target: .bootstrap(index), purpose: .general)
            guard let connection = state.slots[key]?.connection else { continue }
            state.slots[key]?.connection = nil
            state.slots[general, default: Slot()].connection = connection
            return general
        }
        return nil
    }

    /// Takes the address of a broker that metadata may not name yet, or not as it is now: a coordinator.
    func learn(_ broker: Broker) {
        guard let id = broker.id else { return }
        let isKnown = self.state.withLock { state in
            state.addresses[id].map { $0.host == broker.host && $0.port == broker.port } ?? false
        }
        if !isKnown { self.brokersChanged([id: broker]) }
    }

    /// Closes every connection. New ones can be made, unless the table itself is closed.
    func closeAll(_ error: KafkaError) {
        let (open, isClosed) = self.state.withLock { state in
            var open: [BrokerConnection] = []
            for key in Array(state.slots.keys) {
                if let connection = state.slots[key]?.connection { open.append(connection) }
                state.slots[key]?.connection = nil
            }
            return (open, state.closed != nil)
        }
        for connection in open { connection.close(error) }
        if isClosed { self.failWaiters(error) }
    }
}
