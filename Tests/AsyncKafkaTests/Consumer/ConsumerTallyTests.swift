// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct ConsumerTallyTests {
    private var tally = ConsumerTally()

    private func at(_ seconds: Int) -> MonotonicTime { MonotonicTime(nanoseconds: 0) + .seconds(seconds) }

    /// The share of its time that the reader has waited in the last minute, in percent.
    private func idleRatio(_ seconds: Int) -> Int? {
        let ratio = self.tally.idleRatio(now: self.at(seconds)).reported(now: self.at(seconds), unit: 0.000_1)
        return ratio.lastMinute.map { Int($0.mean.rounded()) }
    }

    @Test mutating func theIdleRatioIsTheMeanOfTheReadersTurns() {
        #expect(self.idleRatio(1) == nil)
        for (asked, went) in [(10, 12), (20, 26)] {
            self.tally.readerAsked(now: self.at(asked))
            self.tally.readerWent(now: self.at(went))
        }
        self.tally.readerAsked(now: self.at(30))
        #expect(self.idleRatio(30) == 40)
    }

    @Test mutating func aReaderThatWaitsForLongIsIdle() {
        self.tally.readerAsked(now: self.at(10))
        #expect(self.idleRatio(500) == 100)
    }

    @Test mutating func aReaderThatWorksForLongIsNotIdle() {
        self.tally.readerAsked(now: self.at(10))
        self.tally.readerWent(now: self.at(20))
        #expect(self.idleRatio(1010) == 1)
        // Looking changes nothing.
        self.tally.readerAsked(now: self.at(1010))
        #expect(self.idleRatio(1010) == 1)
    }
}
