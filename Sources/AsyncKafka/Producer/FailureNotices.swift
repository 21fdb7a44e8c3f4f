// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The log lines about records that are not delivered: one when failures begin, at most one every ten seconds with the
/// number of further records, and one when they are over. Pure.
struct FailureNotices {
    enum Notice {
        case began(topic: String, partition: Int32, count: Int, KafkaError)
        /// More records have failed since the last notice.
        case more(count: Int, topics: String, KafkaError)
        /// Records were delivered since the last notice, and none failed. `count` is the total number of failed
        /// records.
        case over(count: Int)
    }

    /// The time between two notices.
    static let interval: Duration = .seconds(10)
    /// The number of topics that a notice names. Further ones are only counted.
    private static let topicsNamed = 5

    private var report = FailureReport(interval: Self.interval)
    private var total = 0
    /// The topics of the records that failed since the last notice.
    private var topics: Set<String> = []
    private var last: KafkaError?
    private var isTimerSet = false
    /// Whether records were delivered since the timer was set.
    private var hasDelivered = false

    /// Whether failures were reported and their end was not.
    var isFailing: Bool { self.report.isFailing }

    /// Records have failed. Returns the notice to log now, if any, and the time at which to call `timerEnded`, if
    /// necessary.
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

    /// Records were delivered. Returns the time at which to call `timerEnded`, if necessary.
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

    /// The time of the timer has come.
    mutating func timerEnded(now: MonotonicTime) -> (notice: Notice?, timer: MonotonicTime?) {
        self.isTimerSet = false
        defer { self.hasDelivered = false }
        if let count = self.report.due(now: now) { return (self.more(count), self.setTimer(now)) }
        // Without deliveries, the next record that is delivered or fails sets the timer again.
        guard self.hasDelivered else { return (nil, nil) }
        guard self.report.succeeded(now: now, after: Self.interval) else { return (nil, self.setTimer(now)) }
        defer { self = FailureNotices() }
        return (.over(count: self.total), nil)
    }

    /// Returns a notice for the failures that were not reported yet.
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
