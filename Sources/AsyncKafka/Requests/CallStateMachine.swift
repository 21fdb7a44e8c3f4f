// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Where an item goes, once that is known.
enum CallRoute: Hashable, Sendable {
    case anyBroker
    case broker(Int32)
}

/// Brings every item of a call to its result: groups items by broker, and decides what follows each answer. Pure.
///
/// An item is `unrouted` until its broker is known, `routed` until it is sent, and `inFlight` until it is answered. A refusal
/// that may pass makes it wait (`pausing`) and then unrouted again; `done` is the end.
struct CallStateMachine<Item: Hashable & Sendable, Value: Sendable>: Sendable {
    /// A request to be sent.
    struct Dispatch: Hashable, Sendable {
        var route: CallRoute
        var items: [Item]
        /// The brokers that have refused this call, the newest last: asked only if no other can be reached.
        var avoiding: [KafkaServer]
    }

    enum Step: Sendable {
        /// These items' brokers are to be found: `routed` or `lookingUp` for each.
        case route([Item])
        case send([Dispatch])
        /// Nothing is to be done before an answer comes, or before this time.
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
    }

    private var entries: [Item: Entry]
    private let order: [Item]
    private var refusing: [KafkaServer] = []
    private let begun: MonotonicTime
    private let deadline: MonotonicTime
    private let isRepeatable: Bool

    init(_ items: [Item], isRepeatable: Bool, begun: MonotonicTime, deadline: MonotonicTime) {
        self.entries = Dictionary(items.map { ($0, Entry()) }) { first, _ in first }
        self.order = self.entries.count == items.count ? items : Array(self.entries.keys)
        self.isRepeatable = isRepeatable
        self.begun = begun
        self.deadline = deadline
    }

    // MARK: What is to be done

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

    /// An item's broker is known.
    mutating func routed(_ item: Item, _ route: CallRoute) {
        guard case .unrouted? = self.entries[item]?.state else { return }
        self.entries[item]?.state = .routed(route)
    }

    /// The items' broker is being looked for; `lookedUp` follows.
    mutating func lookingUp(_ items: [Item]) {
        for item in items {
            guard case .unrouted? = self.entries[item]?.state else { continue }
            self.entries[item]?.state = .lookingUp
        }
    }

    /// The items' broker was looked for within the call's deadline. With an error it was not found in all that time.
    mutating func lookedUp(_ items: [Item], _ error: KafkaError?) {
        for item in items {
            guard case .lookingUp? = self.entries[item]?.state else { continue }
            if let error {
                self.entries[item]?.state = .done(.failure(error))
            } else {
                self.entries[item]?.state = .unrouted
            }
        }
    }

    /// The item's broker can't be named now: the partition has no leader.
    mutating func unroutable(
        _ item: Item, _ error: KafkaError, now: MonotonicTime, backoff: (_ failures: Int) -> Duration
    ) {
        guard case .unrouted? = self.entries[item]?.state else { return }
        self.retry(item, after: error, now: now, backoff: backoff)
    }

    // MARK: Answers

    /// A broker has answered a dispatch. `backoff` gives the wait after so many failures of an item.
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
                self.entries[item]?.state = .done(.failure(error))
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

    /// A dispatch got no answer. `broker` is nil if none was found to send it to.
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
        if error.isRetriable, self.isRepeatable || !error.isOutcomeUnknown {
            self.retry(item, after: error, now: now, backoff: backoff)
        } else {
            self.entries[item]?.state = .done(.failure(error))
        }
    }

    /// Nobody waits any more.
    mutating func cancel() {
        for item in self.order {
            if case .done? = self.entries[item]?.state { continue }
            self.entries[item]?.state = .done(.failure(.cancelled))
        }
    }

    private mutating func retry(
        _ item: Item, after error: KafkaError, now: MonotonicTime, backoff: (_ failures: Int) -> Duration
    ) {
        guard var entry = self.entries[item] else { return }
        entry.failures += 1
        let time = now + backoff(entry.failures)
        // Waiting beyond the deadline achieves nothing.
        entry.state =
            time < self.deadline
            ? .pausing(until: time)
            : .done(.failure(error.after(attempts: entry.failures, in: now - self.begun)))
        self.entries[item] = entry
    }
}

extension [KafkaServer] {
    /// Notes a broker that has refused: the newest refusal comes last.
    mutating func moveToEnd(_ broker: KafkaServer) {
        self.removeAll { $0 == broker }
        self.append(broker)
    }
}
