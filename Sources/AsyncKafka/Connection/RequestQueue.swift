// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A request that has not ended: it waits to be written, or was written.
struct QueuedRequest: Sendable {
    enum Answer: Sendable {
        /// The broker answers. The completion receives the bytes of the response after the correlation id.
        case expected(correlationID: Int32, completion: @Sendable (Result<Bytes, KafkaError>) -> Void)
        /// The broker does not answer (Produce with `acks` 0). The request ends when the system has accepted its bytes.
        case never(completion: @Sendable (Result<Void, KafkaError>) -> Void)
    }

    let api: APIKey
    let version: Int16
    let deadline: MonotonicTime
    let answer: Answer
    /// When the request was submitted. The queue sets it, and `writtenAt`.
    fileprivate(set) var submittedAt = MonotonicTime(nanoseconds: 0)
    fileprivate(set) var writtenAt = MonotonicTime(nanoseconds: 0)

    init(_ api: APIKey, version: Int16, deadline: MonotonicTime, answer: Answer) {
        self.api = api
        self.version = version
        self.deadline = deadline
        self.answer = answer
    }

    var isAnswered: Bool { if case .expected = self.answer { true } else { false } }

    /// Completes the request with the frame that the broker sent.
    func answered(_ frame: Bytes) {
        guard case .expected(_, let completion) = self.answer else { return }
        completion(.success(frame[4..<frame.count]))
    }

    /// Completes a request without a response, because the system has accepted its bytes and nothing more can be known.
    func taken() {
        if case .never(let completion) = self.answer { completion(.success(())) }
    }

    func failed(_ error: KafkaError) {
        switch self.answer {
        case .expected(_, let completion): completion(.failure(error))
        case .never(let completion): completion(.failure(error))
        }
    }
}

/// The requests of a connection, from `submit` until they end. Pure.
///
/// Requests are written in the order of submission, except that authentication precedes waiting requests. Brokers
/// answer in the order of the requests. After an answer out of order, no further answer can be trusted, so the
/// connection is closed.
struct RequestQueue: Sendable {
    private struct Waiting: Sendable {
        let frame: [Bytes]
        let request: QueuedRequest
    }

    private struct Pause {
        var end: MonotonicTime
        /// The length of the pause, if it is too long to be plausible.
        var senselessLength: Duration?
    }

    /// A request that ends without an answer, and the reason.
    struct Failed: Sendable {
        let request: QueuedRequest
        let error: KafkaError
    }

    /// Requests without an answer stay until the system has accepted their bytes.
    private var written = Deque<QueuedRequest>()
    /// Requests that may not be written yet: the broker has requested a pause (KIP-219), the session is being renewed
    /// (KIP-368), or too many requests are in flight.
    private var waiting = Deque<Waiting>()
    /// The number of written requests that the broker has not answered yet.
    private(set) var inFlight = 0
    private(set) var hasHadUnanswered = false
    private(set) var closed: KafkaError?
    /// Whether all requests except for authentication have to wait.
    private(set) var isHeld = false
    private var pause: Pause?
    private let limit: Int
    private let broker: String

    /// Allows `limit` requests in flight and 16 times as many waiting ones.
    init(limit: Int, broker: String) {
        self.limit = limit
        self.broker = broker
    }

    /// The number of requests that have not ended.
    var count: Int { self.written.count + self.waiting.count }

    /// The number of requests that wait to be written.
    var waitingCount: Int { self.waiting.count }

    /// Whether requests wait because of the connection: its session is being renewed, or the broker has requested a
    /// pause.
    func isPaused(now: MonotonicTime) -> Bool { self.isHeld || self.pauseEnd(now: now) != nil }

    /// The end of the pause that the broker has requested, if it is not over.
    func pauseEnd(now: MonotonicTime) -> MonotonicTime? {
        self.pause.flatMap { $0.end > now ? $0.end : nil }
    }

    /// The oldest request in flight, except for APIs whose requests wait at the broker.
    func oldestInFlight(except waits: Set<APIKey>) -> QueuedRequest? {
        self.written.first { $0.isAnswered && !waits.contains($0.api) }
    }

    // MARK: Writing

    enum SubmitAction {
        case write
        /// The request waits, until the given time or for an answer that makes room.
        case wait(until: MonotonicTime?)
        case refuse(KafkaError)
    }

    /// Submits a request.
    ///
    /// - Parameter isAuthentication: Whether the request is part of the authentication that other requests wait for.
    mutating func submit(
        _ request: QueuedRequest, _ frame: [Bytes], now: MonotonicTime, isAuthentication: Bool = false
    ) -> SubmitAction {
        if let closed = self.closed { return .refuse(closed) }
        var request = request
        request.submittedAt = now
        guard isAuthentication || (self.waiting.isEmpty && self.mayWrite(request, now: now)) else {
            guard self.waiting.count < 16 * self.limit else {
                return .refuse(
                    KafkaError(.bufferFull, "Too many requests wait for this broker's answers.", isRetriable: true))
            }
            self.waiting.append(Waiting(frame: frame, request: request))
            return .wait(until: self.pauseEnd(now: now))
        }
        self.write(request, now: now)
        return .write
    }

    /// Returns the next waiting request that may be written now, and its frame.
    mutating func next(now: MonotonicTime) -> (request: QueuedRequest, frame: [Bytes])? {
        if self.pauseEnd(now: now) == nil { self.pause = nil }
        guard let next = self.waiting.first, self.mayWrite(next.request, now: now) else { return nil }
        _ = self.waiting.popFirst()
        return (self.write(next.request, now: now), next.frame)
    }

    private func mayWrite(_ request: QueuedRequest, now: MonotonicTime) -> Bool {
        !self.isPaused(now: now) && (self.inFlight < self.limit || !request.isAnswered)
    }

    @discardableResult
    private mutating func write(_ request: QueuedRequest, now: MonotonicTime) -> QueuedRequest {
        var request = request
        request.writtenAt = now
        if request.isAnswered { self.inFlight += 1 } else { self.hasHadUnanswered = true }
        self.written.append(request)
        return request
    }

    /// Lets all requests except for authentication wait from now on.
    mutating func hold() {
        self.isHeld = true
    }

    /// Allows waiting requests to be written.
    mutating func release() {
        self.isHeld = false
    }

    /// The broker has requested a pause until `time`.
    ///
    /// - Parameter senselessLength: The length of the pause, if it is too long to be plausible.
    mutating func pause(until time: MonotonicTime, senselessLength: Duration? = nil) {
        self.pause = Pause(
            end: max(self.pause?.end ?? time, time),
            senselessLength: senselessLength ?? self.pause?.senselessLength)
    }

    // MARK: Ending

    /// The system has accepted all written bytes. Removes and returns the requests that end with that.
    mutating func takeTaken() -> [QueuedRequest] {
        guard self.written.count > self.inFlight else { return [] }
        var taken: [QueuedRequest] = []
        for _ in 0..<self.written.count {
            guard let request = self.written.popFirst() else { break }
            if request.isAnswered { self.written.append(request) } else { taken.append(request) }
        }
        return taken
    }

    struct Answered {
        let request: QueuedRequest
        /// Earlier requests without a response, which the broker must have read.
        let taken: [QueuedRequest]
        let hasWaiting: Bool
        /// Whether new requests are held, and this was the last answer that the renewal waits for.
        let isLastBeforeRenewal: Bool
    }

    enum ReceiveAction {
        case complete(Answered)
        case close(KafkaError)
        case ignore
    }

    /// Processes an answer.
    ///
    /// - Parameter correlationID: Nil if the frame is too short to contain one.
    mutating func received(correlationID: Int32?) -> ReceiveAction {
        if self.closed != nil { return .ignore }
        guard self.inFlight > 0 else {
            return .close(
                self.protocolError("sent an answer that nobody asked for (\(Self.name(correlationID)))"))
        }
        var taken: [QueuedRequest] = []
        while let request = self.written.popFirst() {
            guard case .expected(let expected, _) = request.answer else {
                taken.append(request)
                continue
            }
            guard expected == correlationID else {
                // These requests fail when the queue is closed.
                self.written.prepend(request)
                for request in taken.reversed() { self.written.prepend(request) }
                return .close(
                    self.protocolError(
                        "answered out of turn: \(Self.name(correlationID)) where \(expected) (\(request.api)) was due"))
            }
            self.inFlight -= 1
            return .complete(
                Answered(
                    request: request, taken: taken, hasWaiting: !self.waiting.isEmpty,
                    isLastBeforeRenewal: self.isHeld && self.inFlight == 0))
        }
        return .ignore
    }

    private static func name(_ correlationID: Int32?) -> String {
        correlationID.map { "correlation id \($0)" } ?? "without a correlation id"
    }

    private func protocolError(_ whatItDid: String) -> KafkaError {
        KafkaError(.protocolError, "The broker \(whatItDid).", broker: self.broker, isRetriable: true)
    }

    /// Removes and returns the oldest request in flight, whose answer is due.
    mutating func takeFirstInFlight() -> QueuedRequest? {
        var others: [QueuedRequest] = []
        defer { for request in others.reversed() { self.written.prepend(request) } }
        while let request = self.written.popFirst() {
            guard !request.isAnswered else {
                self.inFlight -= 1
                return request
            }
            others.append(request)
        }
        return nil
    }

    // MARK: Deadlines

    /// The earliest deadline of all requests.
    var earliestDeadline: MonotonicTime? {
        let waiting = self.waiting.lazy.map(\.request.deadline).min()
        return [self.written.lazy.map(\.deadline).min(), waiting].compactMap(\.self).min()
    }

    enum ExpiryAction {
        /// A written request has timed out. Answers after the missing one can't be matched.
        case close(KafkaError)
        case wait(until: MonotonicTime?)
    }

    /// Removes the waiting requests that have timed out, and decides whether to close the connection.
    mutating func expire(now: MonotonicTime) -> (failed: [Failed], action: ExpiryAction) {
        let failed = self.takeExpiredWaiting(now: now)
        if let late = self.written.first(where: { $0.deadline <= now }) {
            let didNot = late.isAnswered ? "answer \(late.api)" : "take what was sent"
            return (failed, .close(self.timeout("The broker did not \(didNot) in time.")))
        }
        if !failed.isEmpty, self.pauseEnd(now: now) != nil, let length = self.pause?.senselessLength {
            // Later requests would time out during the pause, too.
            let error = self.timeout(
                "The broker has asked for a pause of \(length), longer than requests may take (requestTimeout): the connection "
                    + "is given up.")
            return (failed, .close(error))
        }
        return (failed, .wait(until: self.earliestDeadline))
    }

    private mutating func takeExpiredWaiting(now: MonotonicTime) -> [Failed] {
        guard self.waiting.contains(where: { $0.request.deadline <= now }) else { return [] }
        var failed: [Failed] = []
        for waiting in self.waiting.removeAll() {
            if waiting.request.deadline > now {
                self.waiting.append(waiting)
            } else {
                failed.append(
                    Failed(request: waiting.request, error: .notSentInTime(waiting.request.api, to: self.broker)))
            }
        }
        return failed
    }

    private func timeout(_ message: String) -> KafkaError {
        KafkaError(.timedOut, message, broker: self.broker, isRetriable: true)
    }

    // MARK: Closing

    /// Closes the queue if it has no requests. Returns whether it did.
    mutating func closeIfIdle(_ error: KafkaError) -> Bool {
        guard self.closed == nil, self.count == 0 else { return false }
        self.closed = error
        return true
    }

    /// Closes the queue and fails all requests. Returns nil if it was already closed.
    ///
    /// Written requests may have taken effect, unless their API has none. Waiting requests were never sent.
    mutating func close(_ error: KafkaError) -> [Failed]? {
        guard self.closed == nil else { return nil }
        self.closed = error
        var lost = error
        lost.isRetriable = true
        if lost.broker == nil { lost.broker = self.broker }
        self.inFlight = 0
        let written = self.written.removeAll().map { request in
            lost.isOutcomeUnknown = request.api.hasEffect
            return Failed(request: request, error: lost)
        }
        return written + self.waiting.removeAll().map { Failed(request: $0.request, error: error) }
    }
}

extension KafkaError {
    /// The error for a request on a working connection whose broker has requested a pause or is busy with earlier
    /// requests.
    static func notSentInTime(_ api: APIKey, to broker: String) -> KafkaError {
        KafkaError(
            .timedOut,
            "\(api) could not be sent in time: the broker throttles this client (quotas), or others had to be answered first.",
            broker: broker, isRetriable: true)
    }
}
