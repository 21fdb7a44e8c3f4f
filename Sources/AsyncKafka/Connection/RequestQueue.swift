// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A request that was written and not yet answered.
struct PendingRequest: Sendable {
    /// nil for a mechanism's token without a header (SaslHandshake version 0), whose answer has none either.
    let correlationID: Int32?
    let api: APIKey
    var version: Int16 = 0
    let deadline: MonotonicTime
    /// Set by the queue.
    var writtenAt = MonotonicTime(nanoseconds: 0)
    /// Takes the response's bytes after the correlation id.
    let complete: @Sendable (Result<Bytes, KafkaError>) -> Void
}

/// A request that waits to be written: the broker asked for a pause (KIP-219), or too many are in flight.
struct DeferredRequest: Sendable {
    let frame: [Bytes]
    var pending: PendingRequest
}

/// What a connection knows of its requests. Pure: answers come in the order of the requests, and a broker that answers
/// out of turn can't be trusted with any of them.
struct RequestQueue: Sendable {
    private(set) var inFlight = Deque<PendingRequest>()
    private(set) var deferred = Deque<DeferredRequest>()
    private(set) var closed: KafkaError?
    /// Whether all but authentication has to wait (KIP-368).
    private(set) var isHeld = false
    /// The broker reads nothing before this time (KIP-219).
    private(set) var mutedUntil: MonotonicTime?
    /// The length of a pause that makes no sense.
    private var longPause: Duration?
    private let limit: Int

    /// At most `limit` requests are in flight; as many times sixteen wait.
    init(limit: Int) {
        self.limit = limit
    }

    enum SubmitAction {
        case write
        /// It waits in the queue, until the time if there is one, otherwise until an answer makes room.
        case deferred(until: MonotonicTime?)
        case refuse(KafkaError)
    }

    /// - Parameter isAuthentication: whether it is a part of what the others wait for.
    mutating func submit(
        _ request: DeferredRequest, now: MonotonicTime, isAuthentication: Bool = false
    ) -> SubmitAction {
        if let closed = self.closed { return .refuse(closed) }
        var request = request
        request.pending.writtenAt = now
        if isAuthentication {
            self.inFlight.append(request.pending)
            return .write
        }
        if self.mayWrite(now: now), self.deferred.isEmpty, self.inFlight.count < self.limit {
            self.inFlight.append(request.pending)
            return .write
        }
        guard self.deferred.count < 16 * self.limit else {
            return .refuse(
                KafkaError(.bufferFull, "Too many requests wait for this broker's answers.", isRetriable: true))
        }
        self.deferred.append(request)
        return .deferred(until: self.mutedUntil.flatMap { $0 > now ? $0 : nil })
    }

    /// Whether anything but authentication may be written.
    func mayWrite(now: MonotonicTime) -> Bool {
        !self.isHeld && self.mutedUntil.map { $0 > now } != true
    }

    /// The next request that may be written now.
    mutating func takeDeferred(now: MonotonicTime) -> DeferredRequest? {
        guard self.mayWrite(now: now) else { return nil }
        self.mutedUntil = nil
        self.longPause = nil
        guard self.inFlight.count < self.limit, var next = self.deferred.popFirst() else { return nil }
        next.pending.writtenAt = now
        self.inFlight.append(next.pending)
        return next
    }

    /// From now on everything but authentication waits.
    mutating func hold() {
        self.isHeld = true
    }

    /// What waited may go on.
    mutating func release() {
        self.isHeld = false
    }

    enum ReceiveAction {
        case complete(PendingRequest)
        case close(KafkaError)
        case ignore
    }

    /// - Parameter correlationID: nil where the bytes are too few for one.
    mutating func received(correlationID: Int32?) -> ReceiveAction {
        if self.closed != nil { return .ignore }
        guard let request = self.inFlight.first else {
            return .close(
                KafkaError(
                    .protocolError, "The broker sent an answer that nobody asked for (\(Self.name(correlationID))).",
                    isRetriable: true))
        }
        guard let expected = request.correlationID, expected != correlationID else {
            _ = self.inFlight.popFirst()
            return .complete(request)
        }
        return .close(
            KafkaError(
                .protocolError,
                "The broker answered out of turn: \(Self.name(correlationID)) where \(expected) (\(request.api)) was due.",
                isRetriable: true))
    }

    private static func name(_ correlationID: Int32?) -> String {
        correlationID.map { "correlation id \($0)" } ?? "without a correlation id"
    }

    /// The broker wants nothing more before `time`.
    ///
    /// - Parameter senselessPause: the length of the pause, if it is too long to make sense.
    mutating func mute(until time: MonotonicTime, senselessPause: Duration? = nil) {
        self.mutedUntil = max(self.mutedUntil ?? time, time)
        if let senselessPause { self.longPause = senselessPause }
    }

    /// The length of the pause that makes no sense, until it is over.
    func senselessPause(now: MonotonicTime) -> Duration? {
        self.mutedUntil.map { $0 > now } == true ? self.longPause : nil
    }

    /// The first deadline of a request, in flight or waiting.
    var earliestDeadline: MonotonicTime? {
        let waiting = self.deferred.lazy.map(\.pending.deadline).min()
        return [self.inFlight.lazy.map(\.deadline).min(), waiting].compactMap(\.self).min()
    }

    /// Takes out what has waited to be written until its time was over.
    mutating func takeOverdueDeferred(now: MonotonicTime) -> [PendingRequest] {
        guard self.deferred.contains(where: { $0.pending.deadline <= now }) else { return [] }
        var overdue: [PendingRequest] = []
        for request in self.deferred.removeAll() {
            if request.pending.deadline <= now {
                overdue.append(request.pending)
            } else {
                self.deferred.append(request)
            }
        }
        return overdue
    }

    /// A request that should have been answered by now.
    func overdue(now: MonotonicTime) -> PendingRequest? {
        self.inFlight.first { $0.deadline <= now }
    }

    /// Takes out the request whose answer is due.
    mutating func takeFirst() -> PendingRequest? { self.inFlight.popFirst() }

    /// Ends the queue if nothing is on its way. Returns whether it has.
    mutating func closeIfIdle(_ error: KafkaError) -> Bool {
        guard self.closed == nil, self.inFlight.isEmpty, self.deferred.isEmpty else { return false }
        self.closed = error
        return true
    }

    /// Ends the queue; what was written and what was not, to be failed with an unknown and a known outcome.
    mutating func close(_ error: KafkaError) -> (written: [PendingRequest], unwritten: [PendingRequest])? {
        guard self.closed == nil else { return nil }
        self.closed = error
        return (self.inFlight.removeAll(), self.deferred.removeAll().map(\.pending))
    }
}
