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
    let events: Events
    let channel: SocketChannel
    let security: ConnectionSecurity
    private let negotiated: Lock<BrokerVersions>
    let queue: Lock<RequestQueue>
    let timeouts = Lock(TimeoutState())
    let throttle = Lock(ThrottleState())
    /// Whether an answer has asked for a pause lately.
    let isThrottled = Atomic<Bool>(false)
    let idleTimer = Lock<LoopTimer?>(nil)
    private let authenticated = Lock<Session?>(nil)
    /// Tells the task that renews the session that the connection has ended, or that all is answered while requests are held.
    let renewalSignal = Signal()
    private let finished = Promise<Void>()
    private let correlation = Atomic<Int32>(0)
    let lastUse: Atomic<Int64>
    private let answeredAt: Atomic<Int64>
    private let acquaintance: Atomic<Acquaintance>
    /// Which of its events the observer has received.
    let toldPhase = Atomic<ToldPhase>(.opening)
    private let onClose: OnClose

    /// Requests written and not answered; more than Kafka's producers ever have.
    static let maximumInFlight = 64

    init(
        broker: Broker, channel: SocketChannel, configuration: KafkaClientConfiguration, security: ConnectionSecurity,
        loop: EventLoop, logger: Logger, acquaintance: Acquaintance, onClose: @escaping OnClose
    ) {
        self.broker = broker
        self.channel = channel
        self.configuration = configuration
        self.security = security
        self.loop = loop
        self.logger = logger
        self.events = Events(observer: configuration.observer)
        self.negotiated = Lock(BrokerVersions(broker: broker, ranges: [:]))
        self.queue = Lock(RequestQueue(limit: Self.maximumInFlight, broker: broker.description))
        self.lastUse = Atomic(loop.now.nanoseconds)
        self.answeredAt = Atomic(loop.now.nanoseconds)
        self.acquaintance = Atomic(acquaintance)
        self.onClose = onClose
    }

    /// The server has told its versions. It has nothing against this kind of security, if that includes a login.
    func noteVersions() {
        guard self.acquaintance.load(ordering: .relaxed) == .stranger else { return }
        self.acquaintance.store(self.security.mechanism == nil ? .versions : .known, ordering: .relaxed)
    }

    /// The server has taken a login, or answered a request without one.
    func noteSuitable() {
        self.acquaintance.store(.known, ordering: .relaxed)
        self.security.noteSuitable(for: self.broker)
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

    /// When the broker last sent an answer; before the first, when the connection was made.
    var lastAnswer: MonotonicTime { MonotonicTime(nanoseconds: self.answeredAt.load(ordering: .relaxed)) }

    /// The request that has waited longest for its answer. Fetch, JoinGroup and SyncGroup don't count: they wait for others.
    var longestUnanswered: (api: APIKey, since: MonotonicTime)? {
        self.queue.withLock { $0.oldestInFlight(except: [.fetch, .joinGroup, .syncGroup]) }
            .map { ($0.api, $0.writtenAt) }
    }

    /// How many requests have not ended.
    var requestCount: Int { self.queue.withLock { $0.count } }

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
    /// sent. A timeout closes the connection, since the answers after the missing one can't be told apart from it.
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
        let queued = QueuedRequest(
            Request.apiKey, version: version, deadline: now + timeout,
            answer: .expected(correlationID: correlationID) { result in
                completion(
                    result.flatMap { self.decode($0, of: Request.self, version: version, elementLimit: limit) })
            })
        self.write(queued, frame, now: now, isAuthentication: isAuthentication)
    }

    /// Sends a request that has no answer: Produce with `acks` 0.
    ///
    /// `completion` runs exactly once: with success when the system has taken the request to send it, which is all that can
    /// be known. Not sooner, so that a producer whose broker is slow waits, rather than queue without bounds.
    func submitWithoutResponse<Request: KafkaRequest>(
        _ request: Request, version: Int16, timeout: Duration,
        completion: @escaping @Sendable (Result<Void, KafkaError>) -> Void
    ) {
        let frame: [Bytes]
        do {
            frame = try self.encode(request, version: version, correlationID: self.nextCorrelationID())
        } catch {
            completion(.failure(KafkaError(error, encoding: Request.apiKey, broker: self.broker)))
            return
        }
        let now = self.noteUse()
        let queued = QueuedRequest(
            Request.apiKey, version: version, deadline: now + timeout, answer: .never(completion: completion))
        self.write(queued, frame, now: now, isAuthentication: false)
    }

    /// Writes a request, lets it wait, or fails it.
    func write(_ request: QueuedRequest, _ frame: [Bytes], now: MonotonicTime, isAuthentication: Bool) {
        // The queue and the socket must see requests in the same order: the channel calls back under its write lock.
        // It doesn't if it is closed.
        var action: RequestQueue.SubmitAction?
        self.channel.send { () -> [Bytes]? in
            action = self.queue.withLock { $0.submit(request, frame, now: now, isAuthentication: isAuthentication) }
            if case .write = action { return frame }
            return nil
        }
        switch action {
        case .write:
            self.written(request, frame)
        case .wait(let time):
            self.armTimeout(request.deadline)
            if let time { self.armPauseEnd(time) }
        case .refuse(let error):
            request.failed(error)
        case nil:
            request.failed(self.closedError)
        }
    }

    /// Writes what has waited and may be written now.
    func writeWaiting() {
        while true {
            var next: (request: QueuedRequest, frame: [Bytes])?
            self.channel.send { () -> [Bytes]? in
                next = self.queue.withLock { $0.next(now: self.loop.now) }
                return next?.frame
            }
            guard let (request, frame) = next else { return }
            self.written(request, frame)
        }
    }

    private func written(_ request: QueuedRequest, _ frame: [Bytes]) {
        // First, since an observer or a log may take its time.
        if request.isAnswered { self.armTimeout(request.deadline) }
        self.noteSent(request, frame)
        if !request.isAnswered, !self.completeTaken() { self.armTimeout(request.deadline) }
    }

    /// Completes the requests without an answer if the socket has accepted everything. Returns whether it has.
    @discardableResult
    private func completeTaken() -> Bool {
        // Under the channel's write lock, so that no request is written in between.
        let taken = self.channel.whenNothingIsQueued { self.queue.withLock { $0.takeTaken() } }
        for request in taken ?? [] { request.taken() }
        return taken != nil
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
                broker: self.broker.description, isRetriable: true, isOutcomeUnknown: Request.apiKey.hasEffect)
            self.close(error)
            return .failure(error)
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
        // Under the write lock, so that nothing that comes now gets before what has waited.
        self.channel.send { () -> [Bytes]? in
            self.queue.withLock { $0.release() }
            return nil
        }
        self.writeWaiting()
    }

    var isHeld: Bool { self.queue.withLock { $0.isHeld } }
    var hasRequestsInFlight: Bool { self.queue.withLock { $0.inFlight > 0 } }
    /// Whether requests without an answer were sent.
    var hasSentUnanswered: Bool { self.queue.withLock { $0.hasHadUnanswered } }
    /// Whether requests wait for a reason of the connection's: a session that is renewed, or a pause that the broker wants.
    var isPaused: Bool {
        let now = self.loop.now
        return self.queue.withLock { $0.isPaused(now: now) }
    }
    /// Until when the broker wants a pause (KIP-219), if it is not over.
    var pauseEnd: MonotonicTime? {
        let now = self.loop.now
        return self.queue.withLock { $0.pauseEnd(now: now) }
    }

    // MARK: The end

    /// If requests were sent that nobody answers, waits until the broker has read them: closing a socket throws away what the
    /// broker is slow to read as soon as anything comes from it. The connection is closed then, or when the limit is over.
    func finish(within limit: Duration) async {
        guard self.hasSentUnanswered, limit > .zero else { return }
        self.channel.closeAfterFlushing(within: limit)
        // Cut short by cancellation.
        try? await self.finished.value()
    }

    /// Closes at once. Requests that were written fail with an unknown outcome, the others with a known one.
    func close(_ error: KafkaError) {
        // The reason may be the failure of one request, whose outcome says nothing of the others.
        var error = error
        error.isOutcomeUnknown = false
        guard let failed = self.queue.withLock({ $0.close(error) }) else { return }
        self.end(error, failed)
    }

    /// What follows from the end of the queue.
    func end(_ error: KafkaError, _ failed: [RequestQueue.Failed]) {
        self.channel.close()
        self.renewalSignal.notify()
        self.finished.fulfill(.success(()))
        self.timeouts.withLock { $0.timer }?.cancel()
        self.throttle.withLock { $0.timer }?.cancel()
        self.idleTimer.withLock { $0 }?.cancel()
        self.loop.execute {
            for failed in failed { self.fail(failed.request, failed.error) }
            self.noteEnd(error)
            self.onClose(self, error)
        }
    }
}

extension BrokerConnection: FrameHandler {
    func frameReceived(_ frame: Bytes) {
        let correlationID: Int32? =
            frame.count < 4 ? nil : frame.withUnsafeBytes { Int32(bigEndian: $0.loadUnaligned(as: Int32.self)) }
        switch self.queue.withLock({ $0.received(correlationID: correlationID) }) {
        case .complete(let answered):
            let now = self.loop.now
            self.answeredAt.store(now.nanoseconds, ordering: .relaxed)
            self.noteAnswer(to: answered.request, frame, now: now)
            if self.acquaintance.load(ordering: .relaxed) == .versions { self.noteSuitable() }
            for request in answered.taken { request.taken() }
            answered.request.answered(frame)
            if answered.hasWaiting { self.writeWaiting() }
            if answered.isLastBeforeRenewal { self.renewalSignal.notify() }
        case .close(let error):
            self.close(error)
        case .ignore:
            break
        }
    }

    func channelFlushed() {
        self.completeTaken()
    }

    func channelClosed(_ error: TransportError) {
        let reason = KafkaError(
            error, broker: self.broker, acquaintance: self.acquaintance.load(ordering: .relaxed))
        guard reason.isAnswerTooLarge, let asked = self.queue.withLock({ $0.takeFirstInFlight() }) else {
            return self.close(reason)
        }
        // Answers come in order, so it is one request's alone. The others are only cut short by it.
        self.close(
            KafkaError(
                .connectionFailed, "The connection ended with an answer that was too large to be read.",
                broker: self.broker.description, isRetriable: true))
        var own = reason
        own.isOutcomeUnknown = asked.api.hasEffect
        let failure = own
        self.loop.execute { self.fail(asked, failure) }
    }
}
