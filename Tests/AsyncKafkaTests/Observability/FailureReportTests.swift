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

@Suite struct FailureReportTests {
    @Test func theFirstFailureIsReportedThenOneAMinuteAndOnceTheRecovery() {
        var report = FailureReport()
        let told = [0, 1, 59, 60, 61, 120, 121].map { report.failed(now: .at($0)) }
        #expect(told == [1, nil, nil, 3, nil, 2, nil])
        let over = [report.succeeded(), report.succeeded()]
        #expect(over == [true, false])
        // Another failure soon afterwards, and another recovery: too frequent to be reported each time.
        let soon = report.failed(now: .at(130))
        let isTold = report.succeeded()
        #expect(soon == nil && !isTold)
        let later = report.failed(now: .at(180))
        let isOver = report.succeeded()
        #expect(later == 3 && isOver)
    }

    @Test func anUrgentFailureIsReportedAtOnceButNoMoreOften() {
        var report = FailureReport(patience: .seconds(5))
        let told = [
            report.failed(now: .at(0)), report.failed(now: .at(1), isUrgent: true),
            report.failed(now: .at(2), isUrgent: true), report.failed(now: .at(61)),
        ]
        #expect(told == [nil, 2, nil, 2])
    }

    @Test func anAttemptAsLongAsThePatienceIsReportedWhenItFails() {
        var report = FailureReport(patience: .seconds(5))
        let told = [report.failed(now: .at(30), since: .at(0)), report.failed(now: .at(60), since: .at(31))]
        #expect(told == [1, nil])
    }

    @Test func unreportedFailuresAreReportedWhenDueWithoutANewFailure() {
        var report = FailureReport(interval: .seconds(10))
        let none = report.due(now: .at(0))
        #expect(none == nil)
        let told = [report.failed(3, now: .at(0)), report.failed(2, now: .at(1)), report.failed(5, now: .at(9))]
        #expect(told == [3, nil, nil])
        let due = [9, 10, 20].map { report.due(now: .at($0)) }
        #expect(due == [nil, 7, nil])
    }

    @Test func amongSuccessesARecoveryNeedsAQuietTimeAndLaterFailuresAreNew() {
        var report = FailureReport()
        let none = report.succeeded(now: .at(0), after: .seconds(10))
        #expect(!none)
        _ = report.failed(now: .at(0))
        _ = report.failed(now: .at(5), until: .at(8))
        let over = [6, 17, 18, 19].map { report.succeeded(now: .at($0), after: .seconds(10)) }
        #expect(over == [false, false, true, false])
        let again = report.failed(now: .at(20))
        #expect(again == 1)
    }
}
