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

/// A connection to a broker. Responses come in the order of the requests.
///
/// The calling thread writes a request, and the loop runs its completion. There are no other steps in between.
final class BrokerConnection: Sendable {
    let broker: Broker
    /// The versions that the broker supports. Set once by `open`, before other code has the connection.
    var versions: BrokerVersions { self.negotiated.withLock { $0 } }

    let configuration: KafkaClientConfiguration
    let loop: EventLoop
    let logger: Logger
    let events: Events
    /// Counts what happens on this connection.
    let tally: Lock<ConnectionTally>
    /// Counts what happens on all connections of the client.
    let clientTally: Lock<ConnectionTally>
    let channel: SocketChannel
    let security: ConnectionSecurity
    private let negotiated: Lock<BrokerVersions>
    let queue: Lock<RequestQueue>
    let timeouts = Lock(TimeoutState())
    let throttle = Lock(ThrottleState())
    /// Whether a recent response requested a pause.
    let isThrottled = Atomic<Bool>(false)
    let idleTimer = Lock<LoopTimer?>(nil)
    private let authenticated = Lock<Session?>(nil)
    /// Notifies the task that renews the session that the connection has closed, or that all requests are answered
    /// while new ones are held.
    let renewalSignal = Signal()
    private let finished = Promise<Void>()
    private let correlation = Atomic<Int32>(0)
    let lastUse: Atomic<Int64>
    private let answeredAt: Atomic<Int64>
    private let acquaintance: Atomic<Acquaintance>
    /// Which of its events the observer has received.
    let toldPhase = Atomic<ToldPhase>(.opening)
    private let onClose: OnClose

    /// The maximum number of unanswered requests, which is more than Kafka's own producer ever has.
    static let maximumInFlight = 64

    init(
        broker: Broker, channel: SocketChannel, configuration: KafkaClientConfiguration, security: ConnectionSecurity,
        loop: EventLoop, logger: Logger, acquaintance: Acquaintance, tally: Lock<ConnectionTally>,
        onClose: @escaping OnClose
    ) {
        self.broker = broker
        self.channel = channel
        self.configuration = configuration
        self.security = security
        self.loop = loop
        self.logger = logger
        self.events = Events(observer: configuration.observer)
        self.tally = Lock(ConnectionTally(since: loop.now))
        self.clientTally = tally
        self.negotiated = Lock(BrokerVersions(broker: broker, ranges: [:]))
        self.queue = Lock(RequestQueue(limit: Self.maximumInFlight, broker: broker.description))
        self.lastUse = Atomic(loop.now.nanoseconds)
        self.answeredAt = Atomic(loop.now.nanoseconds)
        self.acquaintance = Atomic(acquaintance)
        self.onClose = onClose
    }

    /// The server has sent its versions. If the security settings include a login, this shows that they suit the
    /// server.
    func noteVersions() {
        guard self.acquaintance.load(ordering: .relaxed) == .stranger else { return }
        self.acquaintance.store(self.security.mechanism == nil ? .versions : .known, ordering: .relaxed)
    }

    /// The server has accepted a login, or answered a request without one.
    func noteSuitable() {
        self.acquaintance.store(.known, ordering: .relaxed)
        self.security.noteSuitable(for: self.broker)
    }

    func adopt(_ versions: BrokerVersions) {
        self.negotiated.withLock { $0 = versions }
    }

    /// The session that the broker has granted, or nil if it doesn't end.
    var session: Session? { self.authenticated.withLock { $0 } }

    func setSession(_ session: Session?) {
        self.authenticated.withLock { $0 = session }
    }

    var isOpen: Bool { self.queue.withLock { $0.closed == nil } }

    /// The time of the broker's last answer, or the time of connecting if there is none yet.
    var lastAnswer: MonotonicTime { MonotonicTime(nanoseconds: self.answeredAt.load(ordering: .relaxed)) }

    /// The oldest unanswered request. Fetch, JoinGroup and SyncGroup don't count, because they may wait at the broker.
    var longestUnanswered: (api: APIKey, since: MonotonicTime)? {
        self.queue.withLock { $0.oldestInFlight(except: [.fetch, .joinGroup, .syncGroup]) }
            .map { ($0.api, $0.writtenAt) }
    }

    /// The number of requests that have not ended.
    var requestCount: Int { self.queue.withLock { $0.count } }

    // MARK: Requests

    /// Sends a request and waits for its response. Cancelling the task ends the wait, but not the request.
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

    /// Sends a request. `completion` runs exactly once: on the loop, or immediately on the calling thread if the
    /// request can't be sent. A timeout closes the connection, because later responses can't be told apart from the
    /// missing one.
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
        // A renewed session doesn't count as use, so an unused connection becomes idle.
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

    /// Sends a request without a response: Produce with `acks` 0.
    ///
    /// `completion` runs exactly once, and with success when the system has accepted the request's bytes, because
    /// nothing more can be known. It isn't called earlier, so that a producer with a slow broker waits instead of
    /// queueing without limit.
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

    /// Writes, queues or fails a request.
    func write(_ request: QueuedRequest, _ frame: [Bytes], now: MonotonicTime, isAuthentication: Bool) {
        // The queue and the socket must have the requests in the same order, so the channel calls back under its write
        // lock. A closed channel doesn't call back.
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

    /// Writes the waiting requests that may be written now.
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

    /// The reason why nothing more is sent. The channel may be closed before the queue knows of it.
    var closedError: KafkaError {
        self.queue.withLock { $0.closed }
            ?? KafkaError(
                .connectionFailed, "The connection is closed.", broker: self.broker.description, isRetriable: true)
    }

    func nextCorrelationID() -> Int32 {
        self.correlation.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Records a use of the connection, which postpones its idle timeout, and returns the time.
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
            // The header of an ApiVersions response never has tagged fields, because the client doesn't know the
            // broker's versions yet (KIP-511).
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

    /// Holds new requests except for authentication. Requests that were written are still answered.
    func hold() {
        // Under the write lock, so that no request is being written.
        self.channel.send { () -> [Bytes]? in
            self.queue.withLock { $0.hold() }
            return nil
        }
    }

    /// Allows all requests to be sent again, beginning with those that have waited.
    func release() {
        // Under the write lock, so that no new request overtakes the waiting ones.
        self.channel.send { () -> [Bytes]? in
            self.queue.withLock { $0.release() }
            return nil
        }
        self.writeWaiting()
    }

    var isHeld: Bool { self.queue.withLock { $0.isHeld } }
    var hasRequestsInFlight: Bool { self.queue.withLock { $0.inFlight > 0 } }
    /// Whether requests without a response were sent.
    var hasSentUnanswered: Bool { self.queue.withLock { $0.hasHadUnanswered } }
    /// Whether requests wait because of the connection: its session is being renewed, or the broker has requested a
    /// pause.
    var isPaused: Bool {
        let now = self.loop.now
        return self.queue.withLock { $0.isPaused(now: now) }
    }
    /// The end of the pause that the broker has requested (KIP-219), if it isn't over.
    var pauseEnd: MonotonicTime? {
        let now = self.loop.now
        return self.queue.withLock { $0.pauseEnd(now: now) }
    }

    // MARK: Closing

    /// If requests without a response were sent, waits until the broker has read them, because closing a socket
    /// discards bytes that the broker has not read as soon as the broker sends any. The connection is closed after that
    /// or after `limit`.
    func finish(within limit: Duration) async {
        guard self.hasSentUnanswered, limit > .zero else { return }
        self.channel.closeAfterFlushing(within: limit)
        // Ends early if the task is cancelled.
        try? await self.finished.value()
    }

    /// Closes the connection immediately. Written requests fail with an unknown outcome (if they may have an effect),
    /// the others with a known one.
    func close(_ error: KafkaError) {
        // The reason may be the failure of one request, whose outcome says nothing of the others.
        var error = error
        error.isOutcomeUnknown = false
        guard let failed = self.queue.withLock({ $0.close(error) }) else { return }
        self.end(error, failed)
    }

    /// Closes the channel after the queue was closed, and fails the requests.
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
        // Responses come in order, so the oversized one belongs to the oldest request. The others are only interrupted.
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
