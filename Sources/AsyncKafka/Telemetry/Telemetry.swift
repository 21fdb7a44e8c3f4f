// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Pushes the metrics of a client to a broker that wants them (KIP-714).
///
/// It uses connections that the client has anyway and opens none, sends one request at a time, and none to a broker that takes no
/// metrics. No failure reaches the client's user, except as a line of the log and through `clientInstanceID(within:)`.
final class Telemetry: Sendable {
    /// The time that closing leaves at most for the last push.
    static let lastPushLimit = Duration.seconds(3)

    private let cluster: Cluster
    private let logger: Logger
    private let machine = Lock(TelemetryStateMachine())
    private let ledger = Lock(TelemetryLedger())
    /// The broker that has answered last, which is asked again as long as it is connected.
    private let broker = Lock<KafkaServer?>(nil)
    /// Whether the connected brokers take no metrics.
    private let isRefused = Lock(false)
    private let waiters = WaiterList()
    /// Fulfilled when nothing more is sent.
    private let over = Promise<Void>()

    init(_ cluster: Cluster, _ logger: Logger) {
        self.cluster = cluster
        self.logger = logger
    }

    /// Returns the telemetry of a client, or nil if its configuration turns it off.
    static func of(_ cluster: Cluster, _ logger: Logger) -> Telemetry? {
        cluster.configuration.enableMetricsPush ? Telemetry(cluster, logger) : nil
    }

    // MARK: Running

    /// Pushes metrics until the last push or the task's cancellation.
    func run(_ read: @Sendable () -> TelemetryReading) async {
        let loop = self.cluster.loop
        loop: while !Task.isCancelled {
            let connection = self.connection
            switch self.machine.withLock({ $0.next(now: loop.now, hasBroker: connection != nil) }) {
            case .wait(let time):
                await self.cluster.metadataAnswered.wait(until: time, on: loop)
            case .subscribe(let id):
                guard let connection else { continue }
                await self.subscribe(id, on: connection)
            case .push(let subscription, let isLast):
                guard let connection else { continue }
                await self.push(read(), for: subscription, isLast: isLast, on: connection)
            case .end:
                break loop
            }
        }
        self.over.fulfill(.success(()))
        self.waiters.wakeAll()
    }

    /// Lets the last push follow, if a broker wants metrics, and waits for it until `deadline`.
    func close(until deadline: MonotonicTime) async {
        let isOver = self.machine.withLock { machine in
            machine.close()
            return machine.isOver
        }
        self.cluster.metadataAnswered.notify()
        self.waiters.wakeAll()
        guard !isOver else { return }
        let loop = self.cluster.loop
        try? await self.over.value(until: min(deadline, loop.now + Self.lastPushLimit), on: loop) { .cancelled }
    }

    /// An open connection to a broker that takes metrics: to the same broker as before, or else the one with the fewest requests.
    private var connection: BrokerConnection? {
        let open = self.cluster.generalConnections
        let taking = open.filter { $0.versions.supports(PushTelemetryRequest.self, version: 0) }
        let isRefused = taking.isEmpty && !open.isEmpty
        let wasRefused = self.isRefused.withLock { state in
            defer { state = isRefused }
            return state
        }
        if isRefused, !wasRefused { self.waiters.wakeAll() }
        let last = self.broker.withLock { $0 }
        return taking.first { $0.broker.server == last }
            ?? taking.min { $0.requestCounts.inFlight < $1.requestCounts.inFlight }
    }

    // MARK: Requests

    private func subscribe(_ id: KafkaUUID, on connection: BrokerConnection) async {
        let call = GetTelemetrySubscriptionsCall(clientInstanceID: id)
        guard let subscription = await self.send(call, on: connection) else { return }
        let now = self.cluster.loop.now
        self.machine.withLock { $0.subscribed(subscription, now: now, jitter: .random(in: 0.5...1.5)) }
        self.waiters.wakeAll()
        self.logger(
            .debug, "The broker has told which metrics it wants",
            [(.broker, connection.broker.description), (.count, "\(subscription.prefixes.count)")])
    }

    private func push(
        _ reading: TelemetryReading, for subscription: TelemetrySubscription, isLast: Bool,
        on connection: BrokerConnection
    ) async {
        let time = UInt64(max(0, self.cluster.loop.clock.wallMilliseconds)) * 1_000_000
        let metrics = self.ledger.withLock { $0.metrics(of: reading, for: subscription, time: time) }
        let (bytes, compression) = subscription.compressed(MetricsData(client: reading.client, metrics: metrics))
        guard bytes.count <= subscription.maxBytes else {
            // The broker would say the same.
            return self.refused(
                KafkaError(.telemetryTooLarge, doing: "pushing metrics", broker: connection.broker), .telemetryTooLarge)
        }
        let call = PushTelemetryCall(
            subscription: subscription, isLast: isLast, compression: compression, metrics: bytes)
        guard let error = await self.failure(of: call, on: connection) else {
            let now = self.cluster.loop.now
            self.ledger.withLock { $0.notePush(of: reading, for: subscription, time: time) }
            return self.machine.withLock { $0.pushed(now: now) }
        }
        if error.isOutcomeUnknown {
            self.ledger.withLock { $0.notePush(of: reading, for: subscription, time: time) }
        }
    }

    private func failure(of call: PushTelemetryCall, on connection: BrokerConnection) async -> KafkaError? {
        do throws(KafkaError) {
            try await self.answer(to: call, on: connection)
            return nil
        } catch {
            self.noteFailure(error)
            return error
        }
    }

    private func send<C: Call>(_ call: C, on connection: BrokerConnection) async -> C.Value? where C.Item == OnlyItem {
        do throws(KafkaError) {
            return try await self.answer(to: call, on: connection)
        } catch {
            self.noteFailure(error)
            return nil
        }
    }

    private func answer<C: Call>(
        to call: C, on connection: BrokerConnection
    ) async throws(KafkaError) -> C.Value where C.Item == OnlyItem {
        self.broker.withLock { $0 = connection.broker.server }
        let deadline = self.cluster.loop.now + self.cluster.configuration.requestTimeout
        let outcomes = try await self.cluster.exchange(call, [OnlyItem()], on: connection, deadline: deadline)
        guard let outcome = outcomes[OnlyItem()] else { throw .leftOut(by: connection.broker.server) }
        return try outcome.result.get()
    }

    private func noteFailure(_ error: KafkaError) {
        if let code = error.brokerCode { return self.refused(error, code) }
        // Another broker is asked next.
        self.broker.withLock { $0 = nil }
        self.logger(.debug, "A broker didn't answer about metrics", [(.error, error.description)])
        let now = self.cluster.loop.now
        self.machine.withLock { $0.failed(now: now) }
    }

    private func refused(_ error: KafkaError, _ code: ErrorCode) {
        let now = self.cluster.loop.now
        let isEnd = self.machine.withLock { $0.refused(code, now: now) }
        self.waiters.wakeAll()
        if isEnd {
            self.logger(
                .warning, "The broker refuses this client's metrics, so they are not pushed any more",
                [(.error, error.description)])
        } else {
            self.logger(.debug, "The broker doesn't take the metrics now", [(.error, error.description)])
        }
    }
}

extension TelemetrySubscription {
    /// Returns encoded metrics with their codec. They stay as they are if compression fails.
    fileprivate func compressed(_ metrics: MetricsData) -> (Bytes, CompressionCodec) {
        let encoded = metrics.encoded
        let codec = self.compression
        guard let compressed = try? codec.compress(encoded) else { return (encoded, .none) }
        return (compressed, codec)
    }
}

// MARK: The client's ID

extension Telemetry {
    /// Waits until a broker has given this client its ID for telemetry, and returns it.
    func clientInstanceID(until deadline: MonotonicTime) async throws(KafkaError) -> KafkaUUID {
        while true {
            if let known = self.knownID { return known }
            if self.machine.withLock({ $0.isOver }) || self.over.isFulfilled {
                throw KafkaError(.closed, "The client pushes no metrics: it is closed, or a broker has refused them.")
            }
            if self.isRefused.withLock({ $0 }) {
                throw KafkaError(
                    .unsupportedVersion,
                    """
                    The broker takes no metrics of clients: it is older than Kafka 3.7, uses ZooKeeper, or has no metrics \
                    reporter with a ClientTelemetry (metric.reporters).
                    """)
            }
            try await self.waiters.wait(until: deadline, on: self.cluster.loop) {
                self.knownID != nil || self.isRefused.withLock { $0 } || self.over.isFulfilled
                    || self.machine.withLock { $0.isOver }
            } orThrow: {
                self.cluster.timeoutError("No broker gave the client an ID for its metrics in time")
            }
        }
    }

    private var knownID: KafkaUUID? {
        let id = self.machine.withLock { $0.clientInstanceID }
        return id == .zero ? nil : id
    }
}

extension Telemetry? {
    /// The ID, or an error if telemetry is off.
    func clientInstanceID(until deadline: MonotonicTime) async throws(KafkaError) -> KafkaUUID {
        guard let self else {
            throw KafkaError(
                .illegalState, "The client has no ID for its metrics, because enableMetricsPush is false.")
        }
        return try await self.clientInstanceID(until: deadline)
    }
}
