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

@Suite struct FailureNoticesTests {
    private let error = KafkaError(.deliveryTimedOut, "late")

    @Test func theFirstFailureIsReportedAndTheOthersAreCounted() {
        var notices = FailureNotices()
        let first = notices.failed(3, of: TopicPartition("a", 1), self.error, now: .at(0))
        guard case .began("a", 1, 3, let told)? = first.notice else {
            Issue.record("nothing said")
            return
        }
        #expect(told.code == .deliveryTimedOut)
        #expect(first.timer == .at(10))
        for second in 1..<10 as Range<Int64> {
            let more = notices.failed(2, of: TopicPartition("b\(second % 7)", 0), self.error, now: .at(second))
            #expect(more.notice == nil)
            #expect(more.timer == nil, "a timer is set")
        }
        let (summary, timer) = notices.timerEnded(now: .at(10))
        guard case .more(18, let topics, _)? = summary else {
            Issue.record("no summary")
            return
        }
        #expect(topics == "b0, b1, b2, b3, b4 and 2 more")
        #expect(timer == .at(20))
    }

    /// A topic that always fails beside one that never does leads to a line every ten seconds, not to two per record.
    @Test func failuresAreOverAfterAnIntervalWithoutAny() {
        var notices = FailureNotices()
        #expect(notices.delivered { .at(0) } == nil)
        _ = notices.failed(1, of: TopicPartition("a", 0), self.error, now: .at(0))
        #expect(notices.delivered { .at(1) } == nil)
        _ = notices.failed(1, of: TopicPartition("a", 0), self.error, now: .at(2))
        #expect(notices.delivered { .at(3) } == nil)
        guard case .more(1, "a", _)? = notices.timerEnded(now: .at(10)).notice else {
            Issue.record("no summary")
            return
        }
        #expect(notices.delivered { .at(11) } == nil)
        guard case (.over(2)?, nil) = notices.timerEnded(now: .at(20)) else {
            Issue.record("not over")
            return
        }
        #expect(!notices.isFailing)
        guard case .began? = notices.failed(1, of: TopicPartition("a", 0), self.error, now: .at(21)).notice else {
            Issue.record("the next time is a beginning")
            return
        }
    }

    @Test func anIdleProducerReportsNothing() {
        var notices = FailureNotices()
        _ = notices.failed(1, of: TopicPartition("a", 0), self.error, now: .at(0))
        guard case (nil, nil) = notices.timerEnded(now: .at(10)) else {
            Issue.record("said something")
            return
        }
        // The notices continue from where they were.
        let (notice, timer) = notices.failed(1, of: TopicPartition("a", 0), self.error, now: .at(30))
        #expect(timer == .at(40))
        guard case .more(1, "a", _)? = notice else {
            Issue.record("nothing said, though the last notice is long ago")
            return
        }
        #expect(notices.takeMore() == nil, "everything was reported")
        _ = notices.timerEnded(now: .at(40))
        #expect(notices.delivered { .at(50) } == .at(60))
    }
}
