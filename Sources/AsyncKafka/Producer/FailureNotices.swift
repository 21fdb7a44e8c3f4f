// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// What the log says of records that are not delivered: one line when it begins, then how many at most every ten seconds,
/// and one when it is over. Pure.
struct FailureNotices {
    enum Notice {
        case began(topic: String, partition: Int32, count: Int, KafkaError)
        /// More failed since the last notice.
        case more(count: Int, topics: String, KafkaError)
        /// Since the last notice records were delivered, and none failed. `count` have in all.
        case over(count: Int)
    }

    /// The time between two notices.
    static let interval: Duration = .seconds(10)
    /// More topics than these are counted, not named.
    private static let topicsNamed = 5

    private var report = FailureReport(interval: Self.interval)
    private var total = 0
    /// Those of the records that failed since the last notice.
    private var topics: Set<String> = []
    private var last: KafkaError?
    private var isTimerSet = false
    /// Whether records were delivered since the timer was set.
    private var hasDelivered = false

    /// Whether failures have been told of whose end has not.
    var isFailing: Bool { self.report.isFailing }

    /// Records have failed. Returns what is to be said now, and when `timerEnded` is to be called if it must be.
    mutating func failed(
        _ count: Int, of place: TopicPartition, _ error: KafkaError, now: MonotonicTime
    ) -> (notice: Notice?, timer: MonotonicTime?) {
        let isFirst = !self.isFailing
        self.total += count
        self.last = error
        self.topics.insert(place.topic)
        let told = self.report.failed(count, now: now)
        let timer = self.setTimer(now)
        guard isFirst else { return (told.flatMap { self.more($0) }, timer) }
        self.topics = []
        return (.began(topic: place.topic, partition: place.partition, count: count, error), timer)
    }

    /// Records were delivered. Returns when `timerEnded` is to be called, if it must be.
    mutating func delivered(now: () -> MonotonicTime) -> MonotonicTime? {
        guard self.isFailing else { return nil }
        self.hasDelivered = true
        return self.isTimerSet ? nil : self.setTimer(now())
    }

    private mutating func setTimer(_ now: MonotonicTime) -> MonotonicTime? {
        guard !self.isTimerSet else { return nil }
        self.isTimerSet = true
        return now + Self.interval
    }

    /// It is time for a notice.
    mutating func timerEnded(now: MonotonicTime) -> (notice: Notice?, timer: MonotonicTime?) {
        self.isTimerSet = false
        defer { self.hasDelivered = false }
        if let count = self.report.due(now: now) { return (self.more(count), self.setTimer(now)) }
        // If nothing was delivered, the next record that is delivered or fails sets the timer again.
        guard self.hasDelivered else { return (nil, nil) }
        guard self.report.succeeded(now: now, after: Self.interval) else { return (nil, self.setTimer(now)) }
        defer { self = FailureNotices() }
        return (.over(count: self.total), nil)
    }

    /// What has not been said yet.
    mutating func takeMore() -> Notice? {
        self.more(self.report.takeUntold())
    }

    private mutating func more(_ count: Int) -> Notice? {
        guard count > 0, let last = self.last else { return nil }
        defer { self.topics = [] }
        let named = self.topics.sorted().prefix(Self.topicsNamed).joined(separator: ", ")
        let others = self.topics.count - Self.topicsNamed
        return .more(count: count, topics: others > 0 ? "\(named) and \(others) more" : named, last)
    }
}
