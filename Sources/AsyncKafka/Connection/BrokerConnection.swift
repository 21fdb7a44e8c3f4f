// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Synchronization

/// One connection to one broker: requests out, answers in, in the same order.
///
/// A request is written from the calling thread, and its completion runs on the loop; nothing else stands between.
final class BrokerConnection: Sendable {
    let broker: Broker
    /// What the broker speaks; set once by `open`, before anybody else has the connection.
    var versions: BrokerVersions { self.negotiated.withLock { $0 } }

    let configuration: KafkaClientConfiguration
    let loop: EventLoop
    let logger: Logger
    let channel: SocketChannel
    private let negotiated: Lock<BrokerVersions>
    private let queue: Lock<RequestQueue>
    private let timeouts: Lock<TimeoutState>
    let unanswered = Lock(Deque<UnansweredRequest>())
    /// Such requests, while nothing but authentication may be sent.
    let heldUnanswered = Lock(Deque<(frame: [Bytes], request: UnansweredRequest)>())
    private let authenticated = Lock<Session?>(nil)
    /// Tells whoever keeps the session alive that the connection has ended, or that all is answered while requests are held.
    let renewalSignal = Signal()
    /// Whether requests were sent that nobody answers.
    let hasSentUnanswered = Atomic<Bool>(false)
    private let finished = Promise<Void>()
    private let correlation = Atomic<Int32>(0)
    private let lastUse: Atomic<Int64>
    private let onClose: @Sendable (BrokerConnection, KafkaError) -> Void

    /// The timer for the first deadline among the requests in flight.
    private struct TimeoutState {
        var armed: MonotonicTime?
        var timer: LoopTimer?
    }

    /// Requests written and not answered; more than Kafka's producers ever have.
    static let maximumInFlight = 64

    private init(
        broker: Broker, channel: SocketChannel, configuration: KafkaClientConfiguration, loop: EventLoop,
        logger: Logger, onClose: @escaping @Sendable (BrokerConnection, KafkaError) -> Void
    ) {
        self.broker = broker
        self.channel = channel
        self.configuration = configuration
        self.loop = loop
        self.logger = logger
        self.negotiated = Lock(BrokerVersions(broker: broker, ranges: [:]))
        self.queue = Lock(RequestQueue(limit: Self.maximumInFlight))
        self.timeouts = Lock(TimeoutState())
        self.lastUse = Atomic(loop.now.nanoseconds)
        self.onClose = onClose
    }

    /// Connects, agrees on versions and authenticates, within the set-up timeout.
    static func open(
        to broker: Broker, configuration: KafkaClientConfiguration, security: ConnectionSecurity, loop: EventLoop,
        logger: Logger,
        onClose: @escaping @Sendable (BrokerConnection, KafkaError) -> Void
    ) async throws(KafkaError) -> BrokerConnection {
        let deadline = loop.now + configuration.connectionSetupTimeout
        let logger = logger.with([(.broker, broker.description)])
        let channel: SocketChannel
        do {
            channel = try await SocketChannel.connect(
                host: broker.host, port: broker.port, tls: security.tlsContext(), loop: loop,
                timeout: configuration.connectionSetupTimeout, maximumFrameSize: configuration.maximumResponseSize)
        } catch {
            throw KafkaError(error, broker: broker)
        }
        let connection = BrokerConnection(
            broker: broker, channel: channel, configuration: configuration, loop: loop, logger: logger,
            onClose: onClose)
        channel.start(connection)
        do {
            try await connection.negotiateVersions(deadline: deadline)
            if let mechanism = security.mechanism {
                security.warnOfPlaintextCredentials(to: broker)
                try await connection.authenticate(by: mechanism, deadline: deadline)
            }
        } catch {
            connection.close(error)
            // With TLS 1.3 a server refuses a certificate after the handshake: then that is the reason, not the request's.
            throw connection.closedError.isRetriable ? error : connection.closedError
        }
        connection.armIdleTimer()
        logger(.debug, "Connected")
        return connection
    }

    func adopt(_ versions: BrokerVersions) {
        self.negotiated.withLock { $0 = versions }
    }

    /// The session that the broker has granted, if it ends.
    var session: Session? { self.authenticated.withLock { $0 } }

    func setSession(_ session: Session?) {
        self.authenticated.withLock { $0 = session }
    }

    var isOpen: Bool { self.queue.withLock { $0.closed == nil } }

    var requestsInFlight: Int { self.queue.withLock { $0.inFlight.count + $0.deferred.count } }

    // MARK: Requests

    /// Sends a request and waits for its answer. Cancelling the task ends the waiting, not the request.
    func request<Request: KafkaRequest>(
        _ request: Request, atMost limit: Int16? = nil, timeout: Duration? = nil
    ) async throws(KafkaError) -> Request.Response {
        let version = try self.versions.version(for: Request.self, atMost: limit)
        let promise = Promise<Request.Response>()
        self.submit(request, version: version, timeout: timeout ?? self.configuration.requestTimeout) {
            promise.fulfill($0)
        }
        return try await promise.value()
    }

    /// Sends a request. `completion` runs exactly once: on the loop, or at once on the calling thread if nothing can be
    /// sent. A timeout closes the connection, since the answers behind the missing one can't be told apart from it.
    func submit<Request: KafkaRequest>(
        _ request: Request, version: Int16, timeout: Duration, isAuthentication: Bool = false,
        completion: @escaping @Sendable (Result<Request.Response, KafkaError>) -> Void
    ) {
        let correlationID = self.nextCorrelationID()
        let frame: [Bytes]
        do {
            frame = try self.encode(request, version: version, correlationID: correlationID)
        } catch {
            completion(.failure(KafkaError(error, encoding: Request.apiKey, broker: self.broker)))
            return
        }
        // A connection that nobody uses is idle, also if its session is renewed.
        let now = isAuthentication ? self.loop.now : self.noteUse()
        let limit = request.answerElementLimit
        let pending = PendingRequest(
            correlationID: correlationID, api: Request.apiKey, deadline: now + timeout
        ) { result in
            completion(
                result.flatMap { self.decode($0, of: Request.self, version: version, elementLimit: limit) })
        }
        self.write(DeferredRequest(frame: frame, pending: pending), now: now, isAuthentication: isAuthentication)
    }

    /// Writes a request, lets it wait, or fails it.
    func write(_ request: DeferredRequest, now: MonotonicTime, isAuthentication: Bool) {
        // The queue and the socket must see requests in the same order: the channel calls back under its write lock.
        // It doesn't if it is closed.
        var action: RequestQueue.SubmitAction?
        self.channel.send { () -> [Bytes]? in
            action = self.queue.withLock { $0.submit(request, now: now, isAuthentication: isAuthentication) }
            if case .write = action { return request.frame }
            return nil
        }
        switch action {
        case .write:
            self.armTimeout(request.pending.deadline)
        case .deferred(let time):
            self.armTimeout(request.pending.deadline)
            if let time { _ = self.loop.schedule(at: time) { self.writeDeferred() } }
        case .refuse(let error):
            request.pending.complete(.failure(error))
        case nil:
            request.pending.complete(.failure(self.closedError))
        }
    }

    /// Why nothing more is sent. The channel may be closed before the queue has heard of it.
    var closedError: KafkaError {
        self.queue.withLock { $0.closed }
            ?? KafkaError(
                .connectionFailed, "The connection is closed.", broker: self.broker.description, isRetriable: true)
    }

    func nextCorrelationID() -> Int32 {
        self.correlation.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Puts off the end of an idle connection, and returns the time.
    func noteUse() -> MonotonicTime {
        let now = self.loop.now
        self.lastUse.store(now.nanoseconds, ordering: .relaxed)
        return now
    }

    func encode<Request: KafkaRequest>(
        _ request: Request, version: Int16, correlationID: Int32
    ) throws(ProtocolError) -> [Bytes] {
        var writer = ByteWriter()
        try RequestHeaderFormat.write(
            to: &writer, api: Request.apiKey, version: version, correlationID: correlationID,
            clientID: self.configuration.clientID, isFlexible: Request.isFlexible(version))
        try request.encode(into: &writer, version: version)
        return writer.finish()
    }

    private func decode<Request: KafkaRequest>(
        _ bytes: Bytes, of request: Request.Type, version: Int16, elementLimit: Int
    ) -> Result<Request.Response, KafkaError> {
        do throws(ProtocolError) {
            var reader = ByteReader(bytes, elementLimit: elementLimit)
            // ApiVersions answers are read before the two sides know each other: their header never has tags (KIP-511).
            if Request.isFlexible(version), Request.apiKey != .apiVersions {
                try RequestHeaderFormat.skipTags(in: &reader)
            }
            let response = try Request.Response(from: &reader, version: version)
            self.obeyThrottle(of: response)
            return .success(response)
        } catch {
            let error = KafkaError(
                .protocolError, "The broker's answer to \(Request.apiKey) version \(version) can't be read: \(error).",
                broker: self.broker.description, isRetriable: true, isOutcomeUnknown: true)
            self.close(error)
            return .failure(error)
        }
    }

    private func obeyThrottle(of response: some KafkaResponse) {
        guard response.throttleTimeMs > 0 else { return }
        self.logger(.debug, "Throttled by the broker", [(.count, "\(response.throttleTimeMs) ms")])
        let end = self.loop.now + .milliseconds(Int64(response.throttleTimeMs))
        self.queue.withLock { $0.mute(until: end) }
        _ = self.loop.schedule(at: end) { self.writeDeferred() }
    }

    private func writeDeferred() {
        while true {
            var next: DeferredRequest?
            self.channel.send { () -> [Bytes]? in
                next = self.queue.withLock { $0.takeDeferred(now: self.loop.now) }
                return next?.frame
            }
            guard let next else { return }
            self.armTimeout(next.pending.deadline)
        }
    }

    // MARK: Holding

    /// Lets nothing but authentication be sent from now on. What was sent before is answered.
    func hold() {
        // Under the write lock, so that nothing is on its way to the socket.
        self.channel.send { () -> [Bytes]? in
            self.queue.withLock { $0.hold() }
            return nil
        }
    }

    /// Lets everything be sent again, beginning with what has waited.
    func release() {
        self.writeHeldUnanswered { self.queue.withLock { $0.release() } }
        self.writeDeferred()
    }

    /// Whether requests are held; nil once nothing is sent any more.
    var isHeldIfOpen: Bool? { self.queue.withLock { $0.closed == nil ? $0.isHeld : nil } }
    var isHeld: Bool { self.queue.withLock { $0.isHeld } }
    var hasRequestsInFlight: Bool { self.queue.withLock { !$0.inFlight.isEmpty } }
    /// The broker has asked for a pause until then (KIP-219).
    var mutedUntil: MonotonicTime? { self.queue.withLock { $0.mutedUntil } }

    // MARK: Deadlines

    func armTimeout(_ deadline: MonotonicTime) {
        let isFirst = self.timeouts.withLock { state in
            if let armed = state.armed, armed <= deadline { return false }
            state.armed = deadline
            return true
        }
        guard isFirst else { return }
        let timer = self.loop.schedule(at: deadline) { self.checkTimeouts() }
        let obsolete = self.timeouts.withLock { state in
            // Somebody else was faster with an earlier one.
            guard state.armed == deadline else { return timer as LoopTimer? }
            defer { state.timer = timer }
            return state.timer
        }
        obsolete?.cancel()
    }

    private func checkTimeouts() {
        self.timeouts.withLock { $0.armed = nil }
        let now = self.loop.now
        let (tooLate, overdue, next) = self.queue.withLock { queue in
            (queue.takeOverdueDeferred(now: now), queue.overdue(now: now), queue.earliestDeadline)
        }
        for request in tooLate { request.complete(.failure(self.notSentInTime(request.api))) }
        self.failOverdueHeldUnanswered(now: now)
        let unanswered = self.unanswered.withLock { $0.first?.deadline }
        let held = self.heldUnanswered.withLock { $0.first?.request.deadline }
        if let overdue {
            self.close(
                KafkaError(
                    .timedOut, "The broker did not answer \(overdue.api) in time.", broker: self.broker.description,
                    isRetriable: true))
        } else if let unanswered, unanswered <= now {
            self.close(
                KafkaError(
                    .timedOut, "The broker did not take what was sent in time.", broker: self.broker.description,
                    isRetriable: true))
        } else if let next = [next, unanswered, held].compactMap(\.self).min() {
            self.armTimeout(next)
        }
    }

    /// Nothing is wrong with the connection: the broker has asked for a pause, or is busy with what came before.
    func notSentInTime(_ api: APIKey) -> KafkaError {
        KafkaError(
            .timedOut,
            "\(api) could not be sent in time: the broker throttles this client (quotas), or others had to be answered first.",
            broker: self.broker.description, isRetriable: true)
    }

    private func armIdleTimer() {
        guard !self.closeIfIdle() else { return }
        _ = self.loop.schedule(at: max(self.idleEnd, self.loop.now + .seconds(1))) { [weak self] in
            guard let self, self.isOpen else { return }
            self.armIdleTimer()
        }
    }

    /// When the connection has been out of use for too long.
    private var idleEnd: MonotonicTime {
        MonotonicTime(nanoseconds: self.lastUse.load(ordering: .relaxed)) + self.configuration.connectionMaxIdle
    }

    /// Closes the connection if it is out of use. Returns whether it has.
    private func closeIfIdle() -> Bool {
        // Whoever has the connection in hand at this moment may ask for another.
        let error = KafkaError(
            .closed, "The connection was not used any more.", broker: self.broker.description, isRetriable: true)
        // Under the write lock, so that no request is written between the look and the end.
        let isIdle = self.channel.whenNothingIsQueued {
            self.idleEnd <= self.loop.now && self.queue.withLock { $0.closeIfIdle(error) }
        }
        guard isIdle == true else { return false }
        self.end(error, written: [], unwritten: [])
        return true
    }

    // MARK: The end

    /// If requests were sent that nobody answers, waits until the broker has read them: closing a socket throws away what the
    /// broker is slow to read as soon as anything comes from it. The connection is closed then, or when the limit is over.
    func finish(within limit: Duration) async {
        guard self.hasSentUnanswered.load(ordering: .relaxed), limit > .zero else { return }
        self.channel.closeAfterFlushing(within: limit)
        // Cut short by cancellation.
        try? await self.finished.value()
    }

    /// Closes at once. Requests that were written fail with an unknown outcome, the others with a known one.
    func close(_ error: KafkaError) {
        guard let (written, unwritten) = self.queue.withLock({ $0.close(error) }) else { return }
        self.end(error, written: written, unwritten: unwritten)
    }

    /// What follows from the end of the queue.
    private func end(_ error: KafkaError, written: [PendingRequest], unwritten: [PendingRequest]) {
        self.channel.close()
        self.renewalSignal.notify()
        self.finished.fulfill(.success(()))
        self.timeouts.withLock { $0.timer }?.cancel()
        var unknown = error
        unknown.isOutcomeUnknown = true
        unknown.isRetriable = true
        if unknown.broker == nil { unknown.broker = self.broker.description }
        let failed = unknown
        self.loop.execute {
            for request in written { request.complete(.failure(failed)) }
            for request in unwritten { request.complete(.failure(error)) }
            self.failUnanswered(failed, held: error)
            self.onClose(self, error)
        }
    }
}

extension BrokerConnection: FrameHandler {
    func frameReceived(_ frame: Bytes) {
        let correlationID: Int32? =
            frame.count < 4 ? nil : frame.withUnsafeBytes { Int32(bigEndian: $0.loadUnaligned(as: Int32.self)) }
        let (action, hasDeferred, isAllAnswered) = self.queue.withLock { queue in
            let action = queue.received(correlationID: correlationID)
            return (action, !queue.deferred.isEmpty, queue.isHeld && queue.inFlight.isEmpty)
        }
        switch action {
        case .complete(let request):
            request.complete(.success(request.correlationID == nil ? frame : frame[4..<frame.count]))
            if hasDeferred { self.writeDeferred() }
            if isAllAnswered { self.renewalSignal.notify() }
        case .close(var error):
            error.broker = self.broker.description
            self.close(error)
        case .ignore:
            break
        }
    }

    func channelFlushed() {
        self.completeUnanswered()
    }

    func channelClosed(_ error: TransportError) {
        self.close(KafkaError(error, broker: self.broker))
    }
}
