// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct RecentDistributionTests {
    private let beginning = MonotonicTime(nanoseconds: 1_000_000_000_000)

    private func time(_ seconds: Double) -> MonotonicTime { self.beginning + .seconds(seconds) }

    @Test func percentilesAreThoseOfTheValuesWithinThreePercent() throws {
        var random = SeededRandom(7)
        var distribution = RecentDistribution()
        var values: [Int] = []
        for count in 0..<10_000 {
            // As many of each order of magnitude, up to minutes in microseconds.
            let value = Int.random(in: 0..<(1 << Int.random(in: 1...28, using: &random)), using: &random)
            values.append(value)
            distribution.record(value, now: self.time(Double(count) / 1000))
        }
        values.sort()
        let recent = try #require(distribution.reported(now: self.time(11)).lastMinute)
        #expect(recent.count == 10_000)
        #expect(recent.maximum == Double(try #require(values.last)))
        #expect(recent.mean == Double(values.reduce(0, +)) / 10_000)
        for (found, share) in [(recent.p50, 0.5), (recent.p95, 0.95), (recent.p99, 0.99)] {
            let exact = Double(values[Int(share * 10_000) - 1])
            #expect(abs(found - exact) <= exact * 0.032, "\(share): \(found), \(exact)")
        }
    }

    @Test func bucketsAreInOrderAndEachValueIsInTheBucketAroundIt() {
        var last = 0
        for value in 0..<5000 {
            let bucket = RecentDistribution.bucket(of: value)
            #expect(bucket == last || bucket == last + 1)
            last = bucket
        }
        for exponent in 13..<40 {
            let power = 1 << exponent
            #expect(RecentDistribution.bucket(of: power - 1) + 1 == RecentDistribution.bucket(of: power))
        }
        for value in Array(0..<5000) + (13..<40).flatMap({ [(1 << $0) - 1, 1 << $0, (1 << $0) + 1] }) {
            let bucket = RecentDistribution.bucket(of: value)
            let middle = RecentDistribution.middle(of: bucket)
            #expect(abs(middle - Double(value)) <= Double(value) / 32)
        }
    }

    @Test func whatIsOlderThanAMinuteCountsOnlyInTheTotal() {
        var distribution = RecentDistribution()
        distribution.record(.seconds(3), now: self.time(0))
        distribution.record(.milliseconds(2), now: self.time(49))
        #expect(distribution.reportedTimes(now: self.time(49)).lastMinute?.count == 2)
        let later = distribution.reportedTimes(now: self.time(61))
        #expect(later.lastMinute?.count == 1)
        #expect(later.lastMinute?.maximum == .milliseconds(2))
        #expect(later.totalCount == 2 && later.totalSum == .milliseconds(3002))
        #expect(distribution.reportedTimes(now: self.time(200)).lastMinute == nil)
        // The window of a former minute is used again.
        distribution.record(.seconds(1), now: self.time(240))
        #expect(distribution.reportedTimes(now: self.time(240)).lastMinute?.count == 1)
    }

    @Test func valuesThatCannotBeAreCountedAsTheNearestThatCan() {
        var distribution = RecentDistribution()
        distribution.record(-5, now: self.time(0))
        distribution.record(.max, now: self.time(0))
        distribution.record(.seconds(Int64.max), now: self.time(0))
        let recent = distribution.reported(now: self.time(0)).lastMinute
        #expect(recent?.count == 3 && recent?.maximum == Double(1 << 40))
    }

    @Test func aRateIsThatOfTheLastMinuteOrOfTheTimeSinceTheBeginning() {
        var count = RecentCount()
        for second in 0..<300 { count.add(20, now: self.time(Double(second))) }
        let steady = count.reported(since: self.beginning, now: self.time(300))
        #expect(steady.total == 6000 && abs(steady.perSecond - 20) < 0.5)
        var young = RecentCount()
        young.add(50, now: self.time(4))
        #expect(young.reported(since: self.beginning, now: self.time(5)) == StatisticsCount(total: 50, perSecond: 10))
        #expect(young.reported(since: self.time(4), now: self.time(4)).perSecond == 50)
        #expect(young.reported(since: self.beginning, now: self.time(90)) == StatisticsCount(total: 50, perSecond: 0))
    }
}
