// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The distribution of values in the last minute, and their number and sum since the beginning. Pure.
///
/// Values are counted in buckets, sixteen for each power of two, so that percentiles are off by about 3 % at most. The memory is
/// bounded whatever is recorded, and grows with the largest value of a window: half a kilobyte for times up to a millisecond.
struct RecentDistribution: Sendable {
    private struct Buckets: Sendable {
        var counts: [UInt32] = []
        var count = 0
        var sum = 0
        var largest = 0
    }

    /// Larger values are counted as this one: 12 days in microseconds, or a terabyte.
    private static let limit = 1 << 40

    private(set) var totalCount = 0
    private(set) var totalSum = 0
    private var windows = RecentWindows(empty: Buckets())

    mutating func record(_ value: Int, now: MonotonicTime) {
        let value = min(max(0, value), Self.limit)
        self.totalCount &+= 1
        self.totalSum &+= value
        let bucket = Self.bucket(of: value)
        self.windows.record(now: now) { window in
            if bucket >= window.counts.count {
                window.counts += repeatElement(0, count: bucket + 1 - window.counts.count)
            }
            window.counts[bucket] &+= 1
            window.count &+= 1
            window.sum &+= value
            window.largest = max(window.largest, value)
        }
    }

    /// Records a time, with a resolution of a microsecond.
    mutating func record(_ time: Duration, now: MonotonicTime) {
        let (seconds, attoseconds) = time.components
        let limited = min(max(0, seconds), Int64(Self.limit / 1_000_000))
        self.record(Int(limited * 1_000_000 + attoseconds / 1_000_000_000_000), now: now)
    }

    // MARK: Buckets

    /// The bucket of a value. Values below 16 have a bucket each.
    static func bucket(of value: Int) -> Int {
        guard value >= 16 else { return value }
        let exponent = Int.bitWidth - 1 - value.leadingZeroBitCount
        return (exponent - 3) * 16 + ((value >> (exponent - 4)) & 15)
    }

    /// The value in the middle of a bucket.
    static func middle(of bucket: Int) -> Double {
        guard bucket >= 16 else { return Double(bucket) }
        let shift = bucket / 16 - 1
        let lowest = (16 + bucket % 16) << shift
        return Double(lowest) + Double((1 << shift) - 1) / 2
    }

    // MARK: Reporting

    /// Returns the distribution for statistics.
    ///
    /// - Parameter unit: What a recorded value of 1 stands for, as a number.
    func reported(now: MonotonicTime, unit: Double = 1) -> StatisticsDistribution<Double> {
        self.reported(now: now) { $0 * unit }
    }

    /// Returns the distribution of times for statistics.
    func reportedTimes(now: MonotonicTime) -> StatisticsDistribution<Duration> {
        self.reported(now: now) { .microseconds($0) }
    }

    private func reported<Value>(
        now: MonotonicTime, _ convert: (Double) -> Value
    ) -> StatisticsDistribution<Value> {
        var distribution = StatisticsDistribution(
            totalCount: self.totalCount, totalSum: convert(Double(self.totalSum)), lastMinute: nil)
        let windows = self.windows.contents(now: now)
        let count = windows.reduce(0) { $0 + $1.count }
        guard count > 0 else { return distribution }
        var counts: [Int] = []
        for window in windows {
            if window.counts.count > counts.count {
                counts += repeatElement(0, count: window.counts.count - counts.count)
            }
            for (bucket, number) in window.counts.enumerated() { counts[bucket] += Int(number) }
        }
        let largest = Double(windows.reduce(0) { max($0, $1.largest) })
        func percentile(_ share: Double) -> Value {
            // The smallest value that is not less than this share of all.
            var missing = max(1, Int((share * Double(count)).rounded(.up)))
            for (bucket, number) in counts.enumerated() {
                missing -= number
                if missing <= 0 { return convert(min(Self.middle(of: bucket), largest)) }
            }
            return convert(largest)
        }
        let sum = windows.reduce(0) { $0 &+ $1.sum }
        distribution.lastMinute = StatisticsDistribution.LastMinute(
            count: count, mean: convert(Double(sum) / Double(count)), p50: percentile(0.5), p95: percentile(0.95),
            p99: percentile(0.99), maximum: convert(largest))
        return distribution
    }
}
