// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A rate over the last seconds, measured as Kafka does: in eleven samples of a second (`quota.window.num`,
/// `quota.window.size.seconds`). Times are in monotonic milliseconds.
struct ByteRate: Sendable {
    private struct Sample {
        var start: Int64
        var value: Double
    }

    private static let sampleLength: Int64 = 1000
    private static let count = 11

    private var samples: [Sample] = []

    mutating func record(_ value: Double, now: Int64) {
        if let last = self.samples.last, now - last.start < Self.sampleLength {
            self.samples[self.samples.count - 1].value += value
        } else {
            self.samples.append(Sample(start: now, value: value))
        }
        self.samples.removeAll { now - $0.start >= Self.sampleLength * Int64(Self.count) }
    }

    /// Returns the time in milliseconds to wait until the rate is at most `limit`.
    func throttleTime(limit: Double, now: Int64) -> Int64 {
        let total = self.samples.reduce(0) { $0 + $1.value }
        guard let first = self.samples.first, limit > 0 else { return 0 }
        // The window counts as at least ten seconds long, so that a first burst isn't a high rate.
        var elapsed = now - first.start
        elapsed += max(0, Int64(Self.count) - 1 - elapsed / Self.sampleLength) * Self.sampleLength
        let rate = total / (Double(elapsed) / 1000)
        guard rate > limit else { return 0 }
        return Int64(min((rate - limit) / limit * Double(elapsed), Self.longestThrottle).rounded())
    }

    /// The most bytes that can be recorded at once, after a time without any, without exceeding `limit`.
    static func mostBytes(limit: Double) -> Int {
        Int(min(limit * Double(Self.count - 1) * Double(Self.sampleLength) / 1000, 1e15))
    }

    /// Whether nothing of it counts any more.
    func isOver(now: Int64) -> Bool {
        self.samples.allSatisfy { now - $0.start >= Self.sampleLength * Int64(Self.count) }
    }

    /// The longest time to throttle, in milliseconds: three years, to which timers can be set.
    static let longestThrottle: Double = 1e11
}

/// A bucket of permits that fills at a constant rate, as Kafka limits changes of partitions (KIP-599). Times are in
/// monotonic milliseconds.
struct TokenBucket: Sendable {
    /// The seconds for which permits collect.
    private static let burst: Double = 11

    private var tokens: Double?
    private var updated: Int64 = 0

    /// Returns the permits that there are, which are negative after a large change.
    mutating func available(perSecond rate: Double, now: Int64) -> Double {
        let full = rate * Self.burst
        let current = min(full, (self.tokens ?? full) + Double(now - self.updated) / 1000 * rate)
        self.tokens = current
        self.updated = now
        return current
    }

    mutating func take(_ count: Double, perSecond rate: Double, now: Int64) {
        self.tokens = self.available(perSecond: rate, now: now) - count
    }

    /// Returns the time in milliseconds until there are permits again.
    mutating func throttleTime(perSecond rate: Double, now: Int64) -> Int64 {
        let missing = -self.available(perSecond: rate, now: now)
        return missing > 0 && rate > 0 ? Int64(min(missing / rate * 1000, ByteRate.longestThrottle).rounded(.up)) : 0
    }
}
