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

    private struct State {
        var machine = TelemetryStateMachine()
        var ledger = TelemetryLedger()
        /// The broker that was asked last, which is asked again as long as it is connected.
        var broker: KafkaServer?
        /// Whether the connected brokers take no metrics.
        var isUnsupported = false
        /// Whether the log says that the metrics are too large.
        var isSizeLogged = false
        /// What the client could push before it began to close.
        var beforeClosing: TelemetryReading?
    }

    private let cluster: Cluster
    private let logger: Logger
    private let state = Lock(State())
    private let waiters = WaiterList()
    /// Fulfilled when nothing more is sent.
    private let over = Promise<Void>()

    /// Returns nil if the configuration turns telemetry off.
    init?(_ cluster: Cluster, _ logger: Logger) {
        guard cluster.configuration.enableMetricsPush else { return nil }
        self.cluster = cluster
        self.logger = logger
    }

    // MARK: Running

    /// Pushes metrics until the last push or the task's cancellation.
    func run(_ read: @Sendable () -> TelemetryReading) async {
        let loop = self.cluster.loop
        loop: while !Task.isCancelled {
            let connection = self.chooseConnection()
            switch self.state.withLock({ $0.machine.next(now: loop.now, hasBroker: connection != nil) }) {
            case .wait(let time):
                await self.cluster.connections.opened.wait(until: time, on: loop)
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
        self.state.withLock { $0.machine.end() }
        self.over.fulfill(.success(()))
        self.waiters.wakeAll()
    }

    /// Notes what the client could push before it closes, for the gauges of the last push: a consumer that has left its group has no
    /// partitions. The first call counts.
    func noteClosing(_ reading: TelemetryReading) {
        self.state.withLock { $0.beforeClosing = $0.beforeClosing ?? reading }
    }

    /// Lets the last push follow, if a broker wants metrics, and waits for it until `deadline`.
    func close(until deadline: MonotonicTime) async {
        let isOver = self.state.withLock { state in
            state.machine.close()
            return state.machine.isOver
        }
        self.cluster.connections.opened.notify()
        self.waiters.wakeAll()
        guard !isOver else { return }
        let loop = self.cluster.loop
        try? await self.over.value(until: min(deadline, loop.now + Self.lastPushLimit), on: loop) { .cancelled }
    }

    /// Returns an open connection to a broker that takes metrics: to the same broker as before, or else the one with the fewest
    /// requests. One on which requests wait, for a quota or a renewed login, is used only if all are like that, and not for the last push.
    private func chooseConnection() -> BrokerConnection? {
        let open = self.cluster.generalConnections
        let taking = open.filter { $0.versions.supports(PushTelemetryRequest.self, version: 0) }
        let (last, isClosing, isNews) = self.state.withLock { state in
            let wasUnsupported = state.isUnsupported
            state.isUnsupported = taking.isEmpty && !open.isEmpty
            return (state.broker, state.machine.isClosing, state.isUnsupported && !wasUnsupported)
        }
        if isNews { self.waiters.wakeAll() }
        let ready = taking.filter { !$0.isPaused }
        let candidates = ready.isEmpty && !isClosing ? taking : ready
        return candidates.first { $0.broker.server == last }
            ?? candidates.min { $0.requestCounts.inFlight < $1.requestCounts.inFlight }
    }

    // MARK: Requests

    private func subscribe(_ id: KafkaUUID, on connection: BrokerConnection) async {
        let call = GetTelemetrySubscriptionsCall(clientInstanceID: id)
        guard case .success(var subscription) = await self.send(call, on: connection) else { return }
        if subscription.clientInstanceID == .zero {
            // Java's client gives itself an ID, too.
            var random = SystemRandomNumberGenerator()
            subscription.clientInstanceID = .random(using: &random)
        }
        let now = self.cluster.loop.now
        self.state.withLock { $0.machine.subscribed(subscription, now: now, jitter: .random(in: 0.5...1.5)) }
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
        let (reading, metrics) = self.state.withLock { state in
            let before = isLast ? state.beforeClosing : nil
            let reading = before?.withTotals(of: reading) ?? reading
            return (reading, state.ledger.metrics(of: reading, for: subscription, time: time))
        }
        let (bytes, compression) = subscription.compressed(MetricsData(client: reading.client, metrics: metrics))
        guard bytes.count <= subscription.maxBytes else {
            // The broker would say the same.
            return self.refused(KafkaError(.telemetryTooLarge, doing: "pushing metrics", broker: connection.broker))
        }
        let call = PushTelemetryCall(
            subscription: subscription, isLast: isLast, compression: compression, metrics: bytes)
        let result = await self.send(call, on: connection)
        let now = self.cluster.loop.now
        self.state.withLock { state in
            switch result {
            case .success:
                state.ledger.notePush(of: reading, for: subscription, time: time)
                state.machine.pushed(now: now)
            case .failure(let error) where error.isOutcomeUnknown:
                state.ledger.notePush(of: reading, for: subscription, time: time)
            case .failure:
                break
            }
        }
    }

    /// Sends a request. The state machine knows of a failure when this returns.
    private func send<C: Call>(
        _ call: C, on connection: BrokerConnection
    ) async -> Result<C.Value, KafkaError> where C.Item == OnlyItem {
        self.state.withLock { $0.broker = connection.broker.server }
        let deadline = self.cluster.loop.now + self.cluster.configuration.requestTimeout
        do throws(KafkaError) {
            let outcomes = try await self.cluster.exchange(call, [OnlyItem()], on: connection, deadline: deadline)
            guard let outcome = outcomes[OnlyItem()] else { throw .leftOut(by: connection.broker.server) }
            if case .failure(let error) = outcome.result { self.refused(error) }
            return outcome.result
        } catch {
            // Also if it has a broker's code: a login that is refused ends the connection, and all that waits on it.
            self.unanswered(error, on: connection)
            return .failure(error)
        }
    }

    private func unanswered(_ error: KafkaError, on connection: BrokerConnection) {
        self.logger(.debug, "A broker didn't answer about metrics", [(.error, error.description)])
        let isTimeout = error.code == .timedOut && !connection.isPaused
        let now = self.cluster.loop.now
        let isEnd = self.state.withLock { state in
            // Another broker may be asked next.
            state.broker = nil
            return state.machine.unanswered(isTimeout: isTimeout, now: now)
        }
        guard isEnd else { return }
        self.waiters.wakeAll()
        self.logger(
            .warning, "Brokers don't answer about this client's metrics, so they are not pushed any more",
            [(.count, "\(TelemetryStateMachine.maximumTimeouts)"), (.error, error.description)])
    }

    private func refused(_ error: KafkaError) {
        let code = error.brokerCode ?? .unknownServerError
        let now = self.cluster.loop.now
        let (isEnd, isFirstOfSize) = self.state.withLock { state in
            let isFirst = code == .telemetryTooLarge && !state.isSizeLogged
            if isFirst { state.isSizeLogged = true }
            return (state.machine.refused(code, now: now), isFirst)
        }
        self.waiters.wakeAll()
        let (level, message): (KafkaLogLevel, StaticString) =
            if isEnd {
                (.warning, "The broker refuses this client's metrics, so they are not pushed any more")
            } else if isFirstOfSize {
                (
                    .warning,
                    "The metrics that the broker wants are larger than it takes (telemetry.max.bytes): it gets none"
                )
            } else {
                (.debug, "The broker doesn't take the metrics now")
            }
        self.logger(level, message, [(.error, error.description)])
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
            if let result = self.knownID { return try result.get() }
            try await self.waiters.wait(until: deadline, on: self.cluster.loop) {
                self.knownID != nil
            } orThrow: {
                self.cluster.timeoutError("No broker gave the client an ID for its metrics in time")
            }
        }
    }

    /// The ID or why there will be none, or nil while neither is known.
    private var knownID: Result<KafkaUUID, KafkaError>? {
        self.state.withLock { state in
            if state.machine.clientInstanceID != .zero { return .success(state.machine.clientInstanceID) }
            if state.machine.isOver {
                return .failure(
                    KafkaError(
                        .closed,
                        "The client pushes no metrics: it is closed, or brokers have refused them or not answered."))
            }
            guard state.isUnsupported else { return nil }
            return .failure(
                KafkaError(
                    .unsupportedVersion,
                    """
                    The broker takes no metrics of clients: it is older than Kafka 3.7, uses ZooKeeper, or has no metrics \
                    reporter with a ClientTelemetry (metric.reporters).
                    """))
        }
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
