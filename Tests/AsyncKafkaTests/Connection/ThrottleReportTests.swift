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

@Suite struct ThrottleReportTests {
    @Test func throttlingAndImplausiblePausesAreReportedUntilTheyAreOver() {
        var report = ThrottleReport()
        func answered(_ pause: Duration, _ seconds: Int64) -> ThrottleReport.Event? {
            report.answered(pause: pause, longest: .seconds(30), now: .at(seconds))
        }
        let events = [
            answered(.zero, 0), answered(.seconds(2), 1), answered(.seconds(2), 3), answered(.zero, 4),
            answered(.zero, 14), answered(.zero, 15), answered(.zero, 16), answered(.milliseconds(1), 17),
            answered(.seconds(31), 18), answered(.seconds(32), 19), answered(.zero, 61), answered(.seconds(31), 62),
        ]
        #expect(
            events == [
                nil, .throttles, nil, nil, nil, .isOver, nil, .throttles, .makesNoSense, nil, .isOver, .makesNoSense,
            ])
    }

    @Test func continuedThrottlingIsReportedOnceAMinute() {
        var report = ThrottleReport()
        let told = (0..<200).filter {
            report.answered(pause: .seconds(1), longest: .seconds(30), now: .at($0)) == .throttles
        }
        #expect(told == [0, 60, 120, 180])
    }
}
