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

/// A request that the broker never answers, from when it is queued until the socket has taken it.
struct UnansweredRequest: Sendable {
    let deadline: MonotonicTime
    let completion: @Sendable (Result<Void, KafkaError>) -> Void
}

extension BrokerConnection {
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
        self.hasSentUnanswered.store(true, ordering: .relaxed)
        let deadline = self.noteUse() + timeout
        let request = UnansweredRequest(deadline: deadline, completion: completion)
        var (isQueued, isWritten) = (false, false)
        self.channel.send { () -> [Bytes]? in
            guard let mayWrite = self.mayWriteIfOpen else { return nil }
            isQueued = true
            // Those that wait come first.
            if !mayWrite || self.hasHeldUnanswered {
                self.heldUnanswered.withLock { $0.append((frame, request)) }
                return nil
            }
            self.unanswered.withLock { $0.append(request) }
            isWritten = true
            return frame
        }
        guard isQueued else {
            completion(.failure(self.closedError))
            return
        }
        if isWritten { self.traceRequest(Request.apiKey, version, frame) }
        self.completeUnanswered()
        self.armUnanswered()
    }

    /// The deadlines of requests grow with their place.
    private func armUnanswered() {
        let first = [
            self.unanswered.withLock { $0.first?.deadline },
            self.heldUnanswered.withLock { $0.first?.request.deadline },
        ]
        if let deadline = first.compactMap(\.self).min() { self.armTimeout(deadline) }
    }

    /// Ends what has waited until its time was over. Returns whether there was any.
    func failOverdueHeldUnanswered(now: MonotonicTime) -> Bool {
        let overdue = self.heldUnanswered.withLock { held in
            var overdue: [UnansweredRequest] = []
            while let first = held.first, first.request.deadline <= now, let (_, request) = held.popFirst() {
                overdue.append(request)
            }
            return overdue
        }
        for request in overdue { request.completion(.failure(self.notSentInTime(.produce))) }
        return !overdue.isEmpty
    }

    /// Completes the requests that the socket has taken.
    func completeUnanswered() {
        // Under the channel's write lock: what is in the list then has been written, if nothing is queued.
        let written = self.channel.whenNothingIsQueued { self.unanswered.withLock { $0.removeAll() } }
        guard let written else { return }
        for request in written { request.completion(.success(())) }
    }

    /// Sends what has waited for the connection to be authenticated again or for the end of a pause, in its order.
    func writeHeldUnanswered() {
        guard self.hasHeldUnanswered else { return }
        var isDone = false
        while !isDone {
            isDone = true
            self.channel.send { () -> [Bytes]? in
                guard self.mayWriteIfOpen == true,
                    let (frame, request) = self.heldUnanswered.withLock({ $0.popFirst() })
                else { return nil }
                isDone = false
                self.unanswered.withLock { $0.append(request) }
                return frame
            }
        }
        self.completeUnanswered()
        self.armUnanswered()
    }

    var hasHeldUnanswered: Bool { self.heldUnanswered.withLock { !$0.isEmpty } }

    /// Whether anything but authentication may be written; nil once nothing is.
    private var mayWriteIfOpen: Bool? {
        let now = self.loop.now
        return self.queue.withLock { $0.closed == nil ? $0.mayWrite(now: now) : nil }
    }

    /// Fails the requests that the socket has not taken: a part of their bytes may have been sent, except of those that were held.
    func failUnanswered(_ error: KafkaError, held heldError: KafkaError) {
        for request in self.unanswered.withLock({ $0.removeAll() }) { request.completion(.failure(error)) }
        for (_, request) in self.heldUnanswered.withLock({ $0.removeAll() }) { request.completion(.failure(heldError)) }
    }
}
