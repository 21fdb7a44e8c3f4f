// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Decides when a client asks for a subscription and when it pushes metrics (KIP-714). Pure.
///
/// The client asks one broker for a subscription, and pushes what that one wants at its interval. A refusal ends the subscription, or all
/// of it.
struct TelemetryStateMachine: Sendable {
    enum Step: Hashable, Sendable {
        /// Wait until a time or a change; nil stands for a change alone.
        case wait(until: MonotonicTime?)
        /// Ask for a subscription, with the ID of an earlier one.
        case subscribe(KafkaUUID)
        case push(TelemetrySubscription, isLast: Bool)
        case end
    }

    private enum State: Hashable, Sendable {
        /// No connected broker is known to take metrics.
        case looking
        case subscribing
        /// No metric is wanted, or a broker has failed: a subscription is asked for then.
        case resting(until: MonotonicTime)
        case waiting(TelemetrySubscription, until: MonotonicTime)
        case pushing(TelemetrySubscription, isLast: Bool)
        case ended
    }

    /// The number of requests in a row that brokers may leave without an answer. A request without one closes the connection, which
    /// others use. If only pushes have none, the questions between them are answered and don't count.
    static let maximumTimeouts = 3

    private var state = State.looking
    private var interval = TelemetrySubscription.usualInterval
    private(set) var isClosing = false
    /// The requests that have timed out since the last answer to a push, or to a question that no push follows.
    private var timeouts = 0
    /// The client's ID for telemetry; zero until a broker has created it.
    private(set) var clientInstanceID = KafkaUUID.zero

    /// Whether nothing more is sent.
    var isOver: Bool { self.state == .ended }

    /// Returns what to do next.
    ///
    /// - Parameter hasBroker: whether a broker that takes metrics is connected.
    mutating func next(now: MonotonicTime, hasBroker: Bool) -> Step {
        switch self.state {
        case .looking:
            guard hasBroker else { return .wait(until: nil) }
            self.state = .subscribing
            return .subscribe(self.clientInstanceID)
        case .resting(let time):
            guard time <= now else { return .wait(until: time) }
            self.state = .looking
            return self.next(now: now, hasBroker: hasBroker)
        case .waiting(let subscription, let time):
            guard time <= now || self.isClosing else { return .wait(until: time) }
            guard hasBroker else {
                self.state = self.isClosing ? .ended : .looking
                return self.isClosing ? .end : .wait(until: nil)
            }
            self.state = .pushing(subscription, isLast: self.isClosing)
            return .push(subscription, isLast: self.isClosing)
        case .subscribing, .pushing:
            return .wait(until: nil)
        case .ended:
            return .end
        }
    }

    /// A broker has answered with a subscription.
    ///
    /// - Parameter jitter: from 0.5 to 1.5, so that clients that start together push at different times.
    mutating func subscribed(_ subscription: TelemetrySubscription, now: MonotonicTime, jitter: Double) {
        guard self.state == .subscribing else { return }
        self.clientInstanceID = subscription.clientInstanceID
        self.interval = subscription.interval
        if subscription.prefixes.isEmpty {
            self.timeouts = 0
            self.state = .resting(until: now + subscription.interval)
        } else {
            self.state = .waiting(subscription, until: now + subscription.interval * jitter)
        }
    }

    /// A broker has taken the metrics.
    mutating func pushed(now: MonotonicTime) {
        guard case .pushing(let subscription, let isLast) = self.state else { return }
        self.timeouts = 0
        self.state = isLast ? .ended : .waiting(subscription, until: now + subscription.interval)
    }

    /// A broker has refused a request. Returns whether that ends telemetry for this client.
    mutating func refused(_ code: ErrorCode, now: MonotonicTime) -> Bool {
        let isPush = if case .pushing = self.state { true } else { false }
        guard isPush || self.state == .subscribing else { return false }
        if isPush { self.timeouts = 0 }
        if self.isClosing { self.state = .ended }
        guard !self.isOver else { return false }
        switch code {
        // The subscription has changed. A broker that says so when it is asked for one is not asked again at once.
        case .unknownSubscriptionId where isPush, .unsupportedCompressionType where isPush:
            self.state = .looking
        case .unknownSubscriptionId, .unsupportedCompressionType, .telemetryTooLarge, .throttlingQuotaExceeded:
            self.state = .resting(until: now + self.interval)
        case _ where code.isRetriable:
            self.state = .resting(until: now + self.interval)
        default:
            self.state = .ended
        }
        return self.isOver
    }

    /// A request has not been answered. Another broker may be asked by the next time. Returns whether that ends telemetry for this client.
    ///
    /// - Parameter isTimeout: whether a connected broker has left it without an answer for too long.
    mutating func unanswered(isTimeout: Bool, now: MonotonicTime) -> Bool {
        if self.isClosing { self.state = .ended }
        guard !self.isOver else { return false }
        if isTimeout { self.timeouts += 1 }
        self.state = self.timeouts < Self.maximumTimeouts ? .resting(until: now + self.interval) : .ended
        return self.isOver
    }

    /// The client closes. One last push follows if a broker wants metrics, at once or after the push that is under way.
    mutating func close() {
        self.isClosing = true
        switch self.state {
        case .looking, .subscribing, .resting: self.state = .ended
        case .waiting, .pushing, .ended: break
        }
    }

    /// Nothing more is sent.
    mutating func end() { self.state = .ended }
}
