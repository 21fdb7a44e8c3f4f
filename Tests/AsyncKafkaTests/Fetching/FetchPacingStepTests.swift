// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct FetchPacingStepTests {
    private let begin = MonotonicTime(nanoseconds: 0)

    private func answer(_ pacing: inout FetchPacing, isEmpty: Bool = true, after: Duration, at now: MonotonicTime)
        -> FetchPacing.Step
    {
        pacing.answered(
            isEmpty: isEmpty, asked: now, now: now + after, maximumWait: .milliseconds(500),
            backoff: { .milliseconds(100 * $0) })
    }

    @Test func afterAFewEmptyAnswersThePausesGrowToTheBrokersWait() {
        var pacing = FetchPacing()
        for _ in 0..<3 {
            let step = self.answer(&pacing, after: .zero, at: self.begin)
            #expect(step.notBefore == nil)
        }
        for milliseconds in [100, 200, 300, 400, 500, 500, 500] {
            let step = self.answer(&pacing, after: .zero, at: self.begin)
            #expect(step.notBefore == self.begin + .milliseconds(milliseconds))
        }
    }

    @Test func aBrokerThatWaitsOrHasRecordsIsAskedAgainAtOnce() {
        var pacing = FetchPacing()
        for _ in 0..<10 { _ = self.answer(&pacing, after: .zero, at: self.begin) }
        let waited = self.answer(&pacing, after: .milliseconds(499), at: self.begin)
        #expect(waited.notBefore == nil)
        for _ in 0..<10 { _ = self.answer(&pacing, after: .zero, at: self.begin) }
        let full = self.answer(&pacing, isEmpty: false, after: .zero, at: self.begin)
        #expect(full.notBefore == nil)
        let next = self.answer(&pacing, after: .zero, at: self.begin)
        #expect(next.notBefore == nil)
    }

    @Test func slowedFetchesAreLoggedOnceAMinute() {
        var pacing = FetchPacing()
        var told = 0
        for second in 0..<119 {
            let step = self.answer(&pacing, after: .zero, at: self.begin + .seconds(second))
            if step.isNews { told += 1 }
        }
        #expect(told == 2)
    }
}
