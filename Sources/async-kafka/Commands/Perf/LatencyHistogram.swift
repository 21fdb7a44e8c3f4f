// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Durations, counted in buckets whose width is a 32nd of their value: percentiles are exact to 3 %. Pure.
struct LatencyHistogram: Sendable {
    /// The buckets of all numbers of 63 bits.
    private var counts = [Int](repeating: 0, count: 59 * Self.perDoubling)
    private(set) var count = 0
    private(set) var minimum: Duration?
    private(set) var maximum: Duration = .zero
    private var sum: Duration = .zero

    private static let perDoubling = 32

    mutating func add(_ duration: Duration) {
        let duration = max(duration, .zero)
        self.counts[Self.bucket(duration.microseconds)] += 1
        self.count += 1
        self.minimum = min(self.minimum ?? duration, duration)
        self.maximum = max(self.maximum, duration)
        self.sum += duration
    }

    var mean: Duration { self.count == 0 ? .zero : self.sum / self.count }

    /// The duration that this part of all durations doesn't exceed: 0.99 for the 99th percentile.
    func percentile(_ part: Double) -> Duration {
        let rank = max(1, Int((part * Double(self.count)).rounded(.up)))
        var seen = 0
        for (bucket, count) in self.counts.enumerated() {
            seen += count
            if seen >= rank { return min(.microseconds(Self.bounds(of: bucket).upperBound - 1), self.maximum) }
        }
        return self.maximum
    }

    /// The number of durations in a range of microseconds, whose bounds should be powers of two.
    func count(in range: Range<Int64>) -> Int {
        self.counts.indices.reduce(0) { sum, bucket in
            range.contains(Self.bounds(of: bucket).lowerBound) ? sum + self.counts[bucket] : sum
        }
    }

    private static func bucket(_ microseconds: Int64) -> Int {
        guard microseconds >= Int64(self.perDoubling) else { return Int(microseconds) }
        // The 6 highest bits of the number: its doubling, and the place in it.
        let shift = Int64.bitWidth - microseconds.leadingZeroBitCount - 6
        return (shift + 1) * self.perDoubling + Int(microseconds >> Int64(shift)) - self.perDoubling
    }

    private static func bounds(of bucket: Int) -> Range<Int64> {
        guard bucket >= self.perDoubling else { return Int64(bucket)..<Int64(bucket) + 1 }
        let shift = Int64(bucket / self.perDoubling - 1)
        let place = Int64(bucket % self.perDoubling + self.perDoubling)
        let start = place << shift
        let (end, isTooLarge) = start.addingReportingOverflow(1 << shift)
        return start..<(isTooLarge ? .max : end)
    }
}

extension Duration {
    /// The number of whole microseconds, or the largest number.
    var microseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !isTooLong else { return seconds < 0 ? .min : .max }
        let (sum, isTooLongInAll) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return isTooLongInAll ? .max : sum
    }

    /// The number of milliseconds, for output.
    var milliseconds: Double { Double(self.microseconds) / 1000 }

    /// The number of seconds.
    var seconds: Double { Double(self.microseconds) / 1_000_000 }
}
