// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Testing

@testable import AsyncKafka

@Suite struct TelemetryLedgerTests {
    private var ledger = TelemetryLedger()
    private var subscription = TelemetrySubscription(
        clientInstanceID: .zero, id: 1, compressions: [], interval: .seconds(1), maxBytes: 1, isDelta: true,
        prefixes: [""])

    private func reading(sent: Double, age: Int) -> TelemetryReading {
        TelemetryReading(
            client: [], age: .seconds(age),
            values: [
                TelemetryValue(name: "a.sent.total", isTotal: true, value: sent),
                TelemetryValue(name: "a.sent.rate", isTotal: false, value: 7),
            ])
    }

    private static let second: UInt64 = 1_000_000_000

    private func metrics(_ reading: TelemetryReading, at second: UInt64) -> [MetricsData.Metric] {
        self.ledger.metrics(of: reading, for: self.subscription, time: second * Self.second)
    }

    @Test mutating func increasesAreThoseSinceTheLastPush() {
        let first = self.reading(sent: 10, age: 100)
        let rate = MetricsData.Metric("a.sent.rate", .gauge, 7, time: 1000 * Self.second)
        let begin = MetricsData.Metric(
            "a.sent.total", .deltaSum, 10, start: 900 * Self.second, time: 1000 * Self.second)
        #expect(self.metrics(first, at: 1000) == [begin, rate])
        // The broker has refused it, so that the next push has all of it.
        #expect(self.metrics(first, at: 1000) == [begin, rate])
        self.ledger.notePush(of: first, for: self.subscription, time: 1000 * Self.second)
        #expect(
            self.metrics(self.reading(sent: 25, age: 160), at: 1060).first
                == MetricsData.Metric(
                    "a.sent.total", .deltaSum, 15, start: 1000 * Self.second, time: 1060 * Self.second))
    }

    @Test mutating func totalsAreThoseSinceTheClientWasCreated() {
        self.subscription.isDelta = false
        self.ledger.notePush(of: self.reading(sent: 10, age: 100), for: self.subscription, time: 1000 * Self.second)
        #expect(
            self.metrics(self.reading(sent: 25, age: 160), at: 1060).first
                == MetricsData.Metric(
                    "a.sent.total", .cumulativeSum, 25, start: 900 * Self.second, time: 1060 * Self.second))
    }

    @Test mutating func afterTotalsTheIncreasesAreThoseSinceTheClientWasCreated() {
        self.ledger.notePush(of: self.reading(sent: 10, age: 100), for: self.subscription, time: 1000 * Self.second)
        self.subscription.isDelta = false
        self.ledger.notePush(of: self.reading(sent: 20, age: 160), for: self.subscription, time: 1060 * Self.second)
        self.subscription.isDelta = true
        // What was pushed as totals is no part of the sum of increases.
        #expect(
            self.metrics(self.reading(sent: 25, age: 220), at: 1120).first
                == MetricsData.Metric(
                    "a.sent.total", .deltaSum, 25, start: 900 * Self.second, time: 1120 * Self.second))
    }

    @Test mutating func anIncreaseDoesNotBeginAfterItsEndIfTheWallClockWasSetBack() {
        self.ledger.notePush(of: self.reading(sent: 10, age: 100), for: self.subscription, time: 1000 * Self.second)
        #expect(
            self.metrics(self.reading(sent: 25, age: 160), at: 500).first
                == MetricsData.Metric("a.sent.total", .deltaSum, 15, start: 500 * Self.second, time: 500 * Self.second))
    }

    @Test func aReadingWithLaterTotalsKeepsItsGauges() {
        var later = self.reading(sent: 12, age: 101)
        later.values[1].value = 0
        let reading = self.reading(sent: 10, age: 100).withTotals(of: later)
        #expect(reading.age == .seconds(101) && reading.values.map(\.value) == [12, 7])
        // The later one may have fewer values.
        later.values = []
        #expect(self.reading(sent: 10, age: 100).withTotals(of: later).values.map(\.value) == [10, 7])
    }

    @Test mutating func aMetricThatWasNotWantedBeforeHasAllOfItsIncrease() {
        self.subscription.prefixes = ["other"]
        self.ledger.notePush(of: self.reading(sent: 10, age: 100), for: self.subscription, time: 1000 * Self.second)
        self.subscription.prefixes = ["a.sent.t", "x"]
        let metrics = self.metrics(self.reading(sent: 25, age: 160), at: 1060)
        #expect(metrics.map(\.value) == [25] && metrics.first?.start == 900 * Self.second)
    }
}
