// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// The broker that an item goes to.
enum CallRoute: Hashable, Sendable {
    case anyBroker
    case broker(Int32)
}

/// Drives every item of a call to its result: groups items by broker and decides what follows each response. Pure.
///
/// An item is `unrouted` until its broker is known, `routed` until it is sent, and `inFlight` until it is answered.
/// After a retriable error it is `pausing` and then unrouted again. `done` is final.
struct CallStateMachine<Item: Hashable & Sendable, Value: Sendable>: Sendable {
    /// A request to be sent.
    struct Dispatch: Hashable, Sendable {
        var route: CallRoute
        var items: [Item]
        /// Brokers that have failed this call, the most recent one last. They are used only if no other can be reached.
        var avoiding: [KafkaServer]
    }

    enum Step: Sendable {
        /// Find the brokers of these items: call `routed`, `lookingUp` or `unroutable` for each.
        case route([Item])
        case send([Dispatch])
        /// Wait for a response, or until this time.
        case wait(until: MonotonicTime?)
        case finished([Item: Result<Value, KafkaError>])
    }

    private enum State: Sendable {
        case unrouted
        case lookingUp
        case routed(CallRoute)
        case inFlight
        case pausing(until: MonotonicTime)
        case done(Result<Value, KafkaError>)
    }

    private struct Entry: Sendable {
        var state = State.unrouted
        var failures = 0
        /// Whether one of the attempts may have taken effect.
        var isOutcomeUnknown = false
    }

    private var entries: [Item: Entry]
    private let order: [Item]
    private var refusing: [KafkaServer] = []
    private let begun: MonotonicTime
    private let deadline: MonotonicTime
    private let isRepeatable: Bool
    private let hasEffect: Bool

    init(
        _ items: [Item], isRepeatable: Bool, hasEffect: Bool = true, begun: MonotonicTime, deadline: MonotonicTime
    ) {
        self.entries = Dictionary(items.map { ($0, Entry()) }) { first, _ in first }
        self.order = self.entries.count == items.count ? items : Array(self.entries.keys)
        self.isRepeatable = isRepeatable
        self.hasEffect = hasEffect
        self.begun = begun
        self.deadline = deadline
    }

    // MARK: Steps

    mutating func next(now: MonotonicTime) -> Step {
        var unrouted: [Item] = []
        var routed: [CallRoute: [Item]] = [:]
        var earliest: MonotonicTime?
        var isFinished = true
        for item in self.order {
            switch self.entries[item]?.state {
            case .done?, nil:
                continue
            case .unrouted?:
                unrouted.append(item)
            case .pausing(let time)? where time <= now:
                self.entries[item]?.state = .unrouted
                unrouted.append(item)
            case .pausing(let time)?:
                earliest = min(earliest ?? time, time)
            case .routed(let route)?:
                routed[route, default: []].append(item)
            case .inFlight?, .lookingUp?:
                break
            }
            isFinished = false
        }
        if isFinished { return .finished(self.results) }
        if !unrouted.isEmpty { return .route(unrouted) }
        if !routed.isEmpty {
            for items in routed.values {
                for item in items { self.entries[item]?.state = .inFlight }
            }
            let avoiding = self.refusing
            return .send(routed.map { Dispatch(route: $0.key, items: $0.value, avoiding: avoiding) })
        }
        return .wait(until: earliest)
    }

    private var results: [Item: Result<Value, KafkaError>] {
        self.entries.compactMapValues { entry in
            if case .done(let result) = entry.state { result } else { nil }
        }
    }

    // MARK: Routing

    /// Takes the broker of an item.
    mutating func routed(_ item: Item, _ route: CallRoute) {
        guard case .unrouted? = self.entries[item]?.state else { return }
        self.entries[item]?.state = .routed(route)
    }

    /// Notes that the coordinator of these items is being looked up; `lookedUp` follows.
    mutating func lookingUp(_ items: [Item]) {
        for item in items {
            guard case .unrouted? = self.entries[item]?.state else { continue }
            self.entries[item]?.state = .lookingUp
        }
    }

    /// Takes the end of a look-up, which itself retries until the call's deadline. An error is therefore final.
    mutating func lookedUp(_ items: [Item], _ error: KafkaError?) {
        for item in items {
            guard case .lookingUp? = self.entries[item]?.state else { continue }
            if let error {
                self.fail(item, error)
            } else {
                self.entries[item]?.state = .unrouted
            }
        }
    }

    /// Notes that the item has no known broker at the moment: the partition has no leader.
    mutating func unroutable(
        _ item: Item, _ error: KafkaError, now: MonotonicTime, backoff: (_ failures: Int) -> Duration
    ) {
        guard case .unrouted? = self.entries[item]?.state else { return }
        self.retry(item, after: error, now: now, backoff: backoff)
    }

    // MARK: Answers

    /// Takes a broker's response to a dispatch. `backoff` returns the wait after the given number of failures of an
    /// item.
    mutating func answered(
        _ dispatch: Dispatch, _ outcomes: [Item: CallOutcome<Value>], by broker: KafkaServer, now: MonotonicTime,
        backoff: (_ failures: Int) -> Duration
    ) {
        for item in dispatch.items {
            guard case .inFlight? = self.entries[item]?.state else { continue }
            switch outcomes[item] {
            case .done(let value)?:
                self.entries[item]?.state = .done(.success(value))
            case .failed(let error)?:
                self.fail(item, error)
            case .elsewhere(let error)?, .again(let error)?:
                self.refusing.moveToEnd(broker)
                self.retryIfHarmless(item, after: error, now: now, backoff: backoff)
            case nil:
                self.refusing.moveToEnd(broker)
                var error = KafkaError.leftOut(by: broker)
                error.isOutcomeUnknown = true
                self.retryIfHarmless(item, after: error, now: now, backoff: backoff)
            }
        }
    }

    /// Takes the failure of a dispatch that got no response. `broker` is nil if no broker could be reached.
    mutating func failed(
        _ dispatch: Dispatch, _ error: KafkaError, at broker: KafkaServer?, now: MonotonicTime,
        backoff: (_ failures: Int) -> Duration
    ) {
        if let broker { self.refusing.moveToEnd(broker) }
        for item in dispatch.items {
            guard case .inFlight? = self.entries[item]?.state else { continue }
            self.retryIfHarmless(item, after: error, now: now, backoff: backoff)
        }
    }

    private mutating func retryIfHarmless(
        _ item: Item, after error: KafkaError, now: MonotonicTime, backoff: (_ failures: Int) -> Duration
    ) {
        let isHarmless = self.isRepeatable || !self.hasEffect || !error.isOutcomeUnknown
        if error.isRetriable, isHarmless {
            if error.isOutcomeUnknown { self.entries[item]?.isOutcomeUnknown = true }
            self.retry(item, after: error, now: now, backoff: backoff)
        } else {
            self.fail(item, error)
        }
    }

    /// Fails all pending items: the caller was cancelled.
    mutating func cancel() {
        for item in self.order {
            var error = KafkaError.cancelled
            switch self.entries[item]?.state {
            case .done?, nil: continue
            case .inFlight?: error.isOutcomeUnknown = true
            case .unrouted?, .lookingUp?, .routed?, .pausing?: break
            }
            self.fail(item, error)
        }
    }

    /// Ends an item with an error, whose outcome is unknown if that of any attempt is.
    private mutating func fail(_ item: Item, _ error: KafkaError) {
        guard var entry = self.entries[item] else { return }
        var error = error
        error.isOutcomeUnknown = self.hasEffect && (error.isOutcomeUnknown || entry.isOutcomeUnknown)
        entry.state = .done(.failure(error))
        self.entries[item] = entry
    }

    private mutating func retry(
        _ item: Item, after error: KafkaError, now: MonotonicTime, backoff: (_ failures: Int) -> Duration
    ) {
        guard var entry = self.entries[item] else { return }
        entry.failures += 1
        let time = now + backoff(entry.failures)
        if time < self.deadline { entry.state = .pausing(until: time) }
        self.entries[item] = entry
        // Don't wait if the pause would end after the deadline.
        if time >= self.deadline { self.fail(item, error.after(attempts: entry.failures, in: now - self.begun)) }
    }
}

extension [KafkaServer] {
    /// Notes a broker that has failed. The most recent one is last.
    mutating func moveToEnd(_ broker: KafkaServer) {
        self.removeAll { $0 == broker }
        self.append(broker)
    }
}
