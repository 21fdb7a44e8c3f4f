// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport
import Testing

@testable import AsyncKafka

/// When failures to join are logged.
@Suite struct JoiningTroubleReportTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    @Test func failuresAreLoggedAfterFiveSecondsAndThenEveryMinute() {
        var trouble = JoiningTrouble()
        var told: [Int] = []
        for second in 0..<200 {
            let now = self.start + .seconds(second)
            _ = trouble.attempts(now: now, limit: .seconds(30), backoff: .seconds(1))
            if let lasting = trouble.failed(now: now) {
                told.append(second)
                #expect(lasting == .seconds(second))
            }
        }
        #expect(told == [5, 65, 125, 185])
    }

    @Test func aLongAttemptIsLoggedWhenItFails() {
        var trouble = JoiningTrouble()
        _ = trouble.attempts(now: self.start, limit: .seconds(30), backoff: .seconds(1))
        let lasting = trouble.failed(now: self.start + .seconds(6))
        #expect(lasting == .seconds(6))
    }

    @Test func aPermanentFailureIsLoggedOnceAMinute() {
        var trouble = JoiningTrouble()
        var told: [Int] = []
        for second in 0..<130 {
            let now = self.start + .seconds(second)
            _ = trouble.attempts(now: now, limit: .seconds(30), backoff: .seconds(1))
            if trouble.gaveUp(now: now) { told.append(second) }
            trouble.pauses()
        }
        #expect(told == [0, 60, 120])
    }

    /// A look-up that ends at its deadline has a reason to report, and in time.
    @Test func theFirstLookUpIsShortAndLaterOnesHaveTheWholeTimeout() {
        var trouble = JoiningTrouble()
        let first = trouble.attempts(now: self.start, limit: .seconds(30), backoff: .seconds(1))
        #expect(first == self.start + .seconds(6))
        let impatient = trouble.attempts(now: self.start, limit: .seconds(2), backoff: .seconds(1))
        #expect(impatient == self.start + .seconds(2))
        _ = trouble.failed(now: first)
        let second = trouble.attempts(now: first, limit: .seconds(30), backoff: .seconds(1))
        #expect(second == first + .seconds(30))
    }
}
