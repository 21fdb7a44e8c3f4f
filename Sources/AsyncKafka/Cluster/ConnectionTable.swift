// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// The connections of one client. Opens them, returns them to callers and completes waiting ones, as
/// `ConnectionTableStateMachine` decides.
///
/// Connections are opened by child tasks of `run()`.
final class ConnectionTable: Sendable {
    typealias Completion = @Sendable (Result<BrokerConnection, KafkaError>) -> Void
    private typealias Machine = ConnectionTableStateMachine<BrokerConnection>

    private struct Waiter {
        let completion: Completion
        var timer: LoopTimer?
    }

    private struct State {
        var machine: Machine
        var waiters: [Machine.Waiter: Waiter] = [:]

        mutating func take(_ ids: Set<Machine.Waiter>) -> [Waiter] {
            ids.compactMap { self.waiters.removeValue(forKey: $0) }
        }
    }

    private let configuration: KafkaClientConfiguration
    private let security: ConnectionSecurity
    private let loop: EventLoop
    private let logger: Logger
    /// Counts what happens on all connections.
    let tally: Lock<ConnectionTally>
    /// Raised when a connection has opened, for the task that pushes the client's metrics.
    let opened = Signal()
    private let state: Lock<State>
    private let attempts: AsyncStream<ConnectionKey>
    private let attemptsContinuation: AsyncStream<ConnectionKey>.Continuation

    init(
        configuration: KafkaClientConfiguration, loop: EventLoop, logger: Logger
    ) throws(KafkaError) {
        self.configuration = configuration
        self.security = try ConnectionSecurity(configuration.security, logger: logger)
        self.loop = loop
        self.logger = logger
        self.tally = Lock(ConnectionTally(since: loop.now))
        let bootstrap = configuration.bootstrapServers.compactMap { text in
            KafkaServer(text).map { Broker(id: nil, host: $0.host, port: $0.port) }
        }
        self.state = Lock(State(machine: Machine(bootstrap: bootstrap)))
        // The buffer is bounded by the number of keys, because each key is in the stream at most once.
        (self.attempts, self.attemptsContinuation) = AsyncStream.makeStream()
    }

    /// Opens the requested connections until the task is cancelled. Then it closes all of them.
    func run() async {
        self.state.withLock { $0.machine.began() }
        await withDiscardingTaskGroup { group in
            for await key in self.attempts {
                group.addTask(executorPreference: self.loop) { await self.connect(key) }
            }
        }
        let closed = KafkaError(.closed, "The client is closed.")
        let (connections, waiters) = self.state.withLock { state in
            let (connections, ids) = state.machine.close(closed)
            return (connections, state.take(ids))
        }
        for connection in connections { connection.close(closed) }
        self.complete(waiters, with: .failure(closed))
    }

    // MARK: Queries

    var isRunning: Bool { self.state.withLock { $0.machine.isRunning } }

    /// Whether `run()` has ended.
    var isClosed: Bool { self.state.withLock { $0.machine.closed != nil } }

    /// The error of the last attempt, if none has succeeded since.
    var lastFailure: KafkaError? { self.state.withLock { $0.machine.lastFailure } }

    /// The error of the last attempt, and since when all attempts have failed, if none has succeeded since.
    var failure: (error: KafkaError, since: MonotonicTime)? {
        self.state.withLock { state in
            guard let error = state.machine.lastFailure, let since = state.machine.failingSince else { return nil }
            return (error, since)
        }
    }

    var openConnections: [BrokerConnection] { self.state.withLock { $0.machine.openConnections } }

    /// The connections that are open or being opened, or have failed, with their servers.
    func known(
        in brokers: [Int32: Broker]
    ) -> [(key: ConnectionKey, broker: Broker, condition: ConnectionCondition<BrokerConnection>)] {
        self.state.withLock { $0.machine.known(in: brokers) }
    }

    func openConnection(_ key: ConnectionKey) -> BrokerConnection? {
        self.state.withLock { $0.machine.connection(key) }
    }

    /// Returns candidates for a request that any broker can answer: the open connection with the fewest requests or, if
    /// there is none to a suitable broker, the connections to try, in order.
    ///
    /// - Parameter refusing: Brokers that come after all others, the most recent last.
    func candidates(
        known: [Int32: Broker], avoiding refusing: [KafkaServer]
    ) -> (open: BrokerConnection?, others: [ConnectionKey]) {
        let (open, others) = self.state.withLock { state in
            state.machine.candidates(
                known: known, avoiding: refusing, isReady: { !$0.isPaused }, lastAnswer: \.lastAnswer,
                shuffled: { $0.shuffled() })
        }
        return (open.min { $0.requestCount < $1.requestCount }, others)
    }

    /// The number of servers that could answer a request that any broker can answer.
    func candidateCount(known: [Int32: Broker]) -> Int {
        self.state.withLock { $0.machine.candidateCount(known: known) }
    }

    // MARK: Obtaining

    func obtain(
        _ key: ConnectionKey, deadline: MonotonicTime
    ) async throws(KafkaError) -> BrokerConnection {
        let promise = Promise<BrokerConnection>()
        self.obtain(key, deadline: deadline) { promise.fulfill($0) }
        return try await promise.value()
    }

    /// Calls `completion` exactly once: on the calling thread if the connection is open or refused, otherwise on the
    /// loop.
    func obtain(
        _ key: ConnectionKey, deadline: MonotonicTime, _ completion: @escaping Completion
    ) {
        let now = self.loop.now
        let obtained = self.state.withLock { state in
            let obtained = state.machine.obtain(key, now: now)
            if case .wait(let id, _) = obtained { state.waiters[id] = Waiter(completion: completion) }
            return obtained
        }
        switch obtained {
        case .open(let connection):
            completion(.success(connection))
        case .refused(let error):
            completion(.failure(error))
        case .wait(let id, let begins):
            let timer = self.loop.schedule(at: deadline) { self.waitTimedOut(key, id) }
            let isWaiting = self.state.withLock { state in
                state.waiters[id]?.timer = timer
                return state.waiters[id] != nil
            }
            if !isWaiting { timer.cancel() }
            if begins { self.attemptsContinuation.yield(key) }
        }
    }

    private func waitTimedOut(_ key: ConnectionKey, _ id: UInt64) {
        let (waiters, error) = self.state.withLock { state in
            let isWaiting = state.machine.waitEnded(key, id)
            return (isWaiting ? state.take([id]) : [], Self.timeOut(key, state.machine))
        }
        self.complete(waiters, with: .failure(error))
    }

    private static func timeOut(_ key: ConnectionKey, _ machine: Machine) -> KafkaError {
        let broker = machine.address(of: key)?.description
        guard machine.isRunning else {
            return KafkaError(
                .timedOut, "No connection: nothing is running this client's run(). Start it, or use the with… scope.",
                broker: broker)
        }
        let reason = machine.lastFailure.map { " The last attempt failed: \($0.message)" } ?? ""
        return KafkaError(
            .timedOut, "No connection in time.\(reason)", broker: broker, isRetriable: true,
            underlyingError: machine.lastFailure)
    }

    private func complete(_ waiters: [Waiter], with result: Result<BrokerConnection, KafkaError>) {
        for waiter in waiters {
            waiter.timer?.cancel()
            waiter.completion(result)
        }
    }

    // MARK: Connecting

    private func connect(_ key: ConnectionKey) async {
        guard let broker = self.state.withLock({ $0.machine.address(of: key) }) else {
            let error = KafkaError(
                .connectionFailed, "The cluster's metadata doesn't name the broker with this id.",
                broker: "(\(key.target))", isRetriable: true)
            self.attemptFailed(key, error)
            return
        }
        do {
            let connection = try await BrokerConnection.open(
                to: broker, configuration: self.configuration, security: self.security, loop: self.loop,
                logger: self.logger, tally: self.tally
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
        let isOpen = connection.isOpen
        let (waiters, refusal) = self.state.withLock { state -> ([Waiter], KafkaError?) in
            switch state.machine.connected(key, connection, to: connection.broker, isOpen: isOpen) {
            case .serve(let ids): (state.take(ids), nil)
            case .refuse(let ids, let error): (state.take(ids), error)
            }
        }
        if let refusal { connection.close(refusal) }
        self.complete(waiters, with: refusal.map { .failure($0) } ?? .success(connection))
        self.opened.notify()
    }

    private func attemptFailed(_ key: ConnectionKey, _ error: KafkaError) {
        self.logger(.debug, "A connection could not be made", [(.error, error.description)])
        let waiters = self.state.withLock { state in
            state.take(state.machine.failed(key, error, now: self.loop.now, backoff: self.backoff))
        }
        self.complete(waiters, with: .failure(error))
    }

    private func connectionClosed(_ connection: BrokerConnection, _ error: KafkaError) {
        self.state.withLock { state in
            state.machine.ended(connection, error, now: self.loop.now, backoff: self.backoff)
        }
    }

    private func backoff(failures: Int) -> Duration { self.configuration.reconnects.delay(failures: failures) }

    // MARK: Broker addresses

    /// Applies the brokers of new metadata.
    func brokersChanged(_ brokers: [Int32: Broker]) {
        self.close(self.state.withLock { $0.machine.brokersChanged(brokers) })
    }

    /// Applies the address of a coordinator, which the metadata may not contain yet.
    func learn(_ broker: Broker) {
        self.close(self.state.withLock { $0.machine.learn(broker) })
    }

    private func close(_ moved: [BrokerConnection]) {
        for connection in moved { connection.close(.brokerHasMoved) }
    }

    /// Marks a broker as silent after a timeout. Other brokers are asked before it until it answers again.
    func noteSilence(of broker: Broker) {
        self.state.withLock { $0.machine.noteSilence(of: broker.server, now: self.loop.now) }
    }

    /// Closes all connections. New ones can be opened.
    func closeAll(_ error: KafkaError) {
        for connection in self.state.withLock({ $0.machine.takeAll() }) { connection.close(error) }
    }
}
