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

/// What a connection counts, its events, and the log of its requests and answers at `trace`. For the latter two, nothing is
/// computed without an observer or that log level.
extension BrokerConnection {
    enum ToldPhase: UInt8, AtomicRepresentable {
        case opening
        case open
        case ended
    }

    /// The number of requests that the broker has to answer, and of those that wait to be sent.
    var requestCounts: (inFlight: Int, waiting: Int) { self.queue.withLock { ($0.inFlight, $0.waitingCount) } }

    /// Counts something, for the connection and for the client.
    func count(_ change: (inout ConnectionTally) -> Void) {
        self.tally.withLock { change(&$0) }
        self.clientTally.withLock { change(&$0) }
    }

    func noteOpening(since begin: MonotonicTime) {
        let now = self.loop.now
        self.count { $0.connected(now: now) }
        self.logger(.debug, "Connected")
        self.events(.connected(KafkaEvent.Connected(broker: self.broker, duration: now - begin)))
        // If the connection has closed in the meantime, the closing is reported after the opening.
        if self.toldPhase.exchange(.open, ordering: .acquiringAndReleasing) == .ended {
            self.tellEnd(self.closedError)
        }
    }

    func noteEnd(_ reason: KafkaError) {
        if self.toldPhase.exchange(.ended, ordering: .acquiringAndReleasing) == .open { self.tellEnd(reason) }
    }

    private func tellEnd(_ reason: KafkaError) {
        self.events(.disconnected(KafkaEvent.Disconnected(broker: self.broker, reason: reason)))
    }

    func noteSent(_ request: QueuedRequest, _ frame: [Bytes]) {
        self.count { $0.sent(Self.size(of: frame), now: request.writtenAt) }
        self.logger(
            .trace, "Request",
            [(.api, "\(request.api)"), (.apiVersion, "\(request.version)"), (.size, "\(Self.size(of: frame))")])
        self.events(
            .requestSent(
                KafkaEvent.RequestSent(
                    broker: self.broker, api: KafkaEvent.API(request), bytes: Self.size(of: frame),
                    queued: request.writtenAt - request.submittedAt)))
    }

    private static func size(of frame: [Bytes]) -> Int { frame.reduce(0) { $0 + $1.count } }

    func noteAnswer(to request: QueuedRequest, _ frame: Bytes, now: MonotonicTime) {
        self.count { $0.answered(request.api, in: now - request.writtenAt, frame.count, now: now) }
        self.logger(
            .trace, "Answer",
            [
                (.api, "\(request.api)"), (.apiVersion, "\(request.version)"), (.size, "\(frame.count)"),
                (.duration, "\(now - request.writtenAt)"),
            ])
        self.events(
            .requestAnswered(
                KafkaEvent.RequestAnswered(
                    broker: self.broker, api: KafkaEvent.API(request), bytes: frame.count,
                    duration: now - request.writtenAt)))
    }

    /// Completes a request that ends without an answer.
    func fail(_ request: QueuedRequest, _ error: KafkaError) {
        let now = self.loop.now
        self.count { $0.failed(now: now) }
        self.events(
            .requestFailed(
                KafkaEvent.RequestFailed(broker: self.broker, api: KafkaEvent.API(request), error: error)))
        request.failed(error)
    }
}

extension KafkaEvent.API {
    init(_ request: QueuedRequest) {
        self.init(key: request.api.rawValue, version: request.version)
    }
}
