// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Counts what a consumer fetches, delivers and commits, and its rebalances. Pure.
struct ConsumerTally: Sendable {
    let beginning: MonotonicTime
    private(set) var records = RecentCount()
    private(set) var bytes = RecentCount()
    private(set) var batches = RecentCount()
    private(set) var fetchSize = RecentDistribution()
    private(set) var commitTime = RecentDistribution()
    private(set) var failedCommits = RecentCount()
    var rebalances = RebalanceTimes()
    /// The shares of the reader's time in which it waits for records, in millionths.
    private var idleShares = RecentDistribution()
    /// When the reader last asked for records, and when it had them.
    private var reading: (asked: MonotonicTime, went: MonotonicTime?)?

    init(since beginning: MonotonicTime = MonotonicTime(nanoseconds: 0)) {
        self.beginning = beginning
    }

    /// The reader has received records.
    mutating func received(_ received: ReceivedRecords, now: MonotonicTime) {
        guard received != ReceivedRecords() else { return }
        self.records.add(received.records, now: now)
        self.bytes.add(received.bytes, now: now)
        self.batches.add(received.batches, now: now)
    }

    /// The reader asks for records.
    mutating func readerAsked(now: MonotonicTime) {
        if let share = self.idleShare(now: now) { self.idleShares.record(share, now: now) }
        self.reading = (now, nil)
    }

    /// The reader has records, or an error.
    mutating func readerWent(now: MonotonicTime) { self.reading?.went = now }

    /// Returns the shares of the reader's time in which it waits for records, in millionths. What it does now counts, because it may do it
    /// for long.
    func idleRatio(now: MonotonicTime) -> RecentDistribution {
        var shares = self.idleShares
        if let share = self.idleShare(now: now) { shares.record(share, now: now) }
        return shares
    }

    /// The share since the reader last asked.
    private func idleShare(now: MonotonicTime) -> Int? {
        guard let (asked, went) = self.reading, now > asked else { return nil }
        return Int(((went ?? now) - asked) / (now - asked) * 1_000_000)
    }

    /// A Fetch was answered with so many bytes of records.
    mutating func fetched(_ bytes: Int, now: MonotonicTime) { self.fetchSize.record(bytes, now: now) }

    mutating func committed(in time: Duration, now: MonotonicTime) { self.commitTime.record(time, now: now) }

    mutating func commitFailed(now: MonotonicTime) { self.failedCommits.add(1, now: now) }
}
