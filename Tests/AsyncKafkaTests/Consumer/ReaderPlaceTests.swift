// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport
import Testing

@testable import AsyncKafka

/// The transitions of the reader's state.
@Suite struct ReaderPlaceTests {
    private let now = MembershipFixture.now
    private let interval = Duration.seconds(300)

    private func member() -> ConsumerState {
        ConsumerState(
            SubscriptionState(SubscriptionState.Settings(hasGroup: true)),
            membership: .classic(MembershipFixture.machine("stable")))
    }

    @Test func thePollIntervalRunsFromTheAssignmentForAReaderThatHasNotStarted() {
        var state = self.member()
        var deadline = state.pollDeadline(now: self.now, interval: self.interval)
        #expect(deadline == nil)
        state.expectReader(now: self.now)
        state.expectReader(now: self.now + .seconds(10))
        deadline = state.pollDeadline(now: self.now, interval: self.interval)
        #expect(deadline == self.now + self.interval)
    }

    @Test func thePollIntervalRunsWhileRecordsAreProcessedAndNotWhileTheReaderWaits() {
        var state = self.member()
        let failure = state.readerComes(now: self.now)
        var deadline = state.pollDeadline(now: self.now, interval: self.interval)
        #expect(failure == nil && deadline == nil)
        state.readerBeginsStep(now: self.now)
        deadline = state.pollDeadline(now: self.now, interval: self.interval)
        #expect(deadline == self.now + self.interval)
        _ = state.readerEndsStep()
        state.readerAdds(now: self.now + .seconds(1))
        // Taking more records into the same array doesn't start it anew.
        state.readerAdds(now: self.now + .seconds(2))
        deadline = state.pollDeadline(now: self.now, interval: self.interval)
        #expect(deadline == self.now + .seconds(1) + self.interval)
    }

    @Test func oneTaskReadsAtATime() {
        var state = self.member()
        _ = state.readerComes(now: self.now)
        let second = state.readerComes(now: self.now)
        #expect(second?.code == .illegalState)
        state.readerGoes(now: self.now)
        let next = state.readerComes(now: self.now)
        #expect(next == nil)
    }

    @Test func aReaderWithAnArrayIsAReaderUntilItAsksAgain() {
        var state = self.member()
        _ = state.readerComes(now: self.now)
        #expect(state.hasReader)
        state.readerGoes(now: self.now)
        #expect(!state.hasReader)
        _ = state.readerComes(now: self.now)
        // From its first record on, without a gap.
        state.readerAdds(now: self.now)
        #expect(state.hasReader)
        let second = state.readerComes(now: self.now)
        #expect(second?.code == .illegalState)
        state.readerGoes(now: self.now, hasArray: true)
        #expect(state.hasReader)
        _ = state.readerComes(now: self.now)
        state.readerGoes(now: self.now)
        #expect(!state.hasReader)
    }

    @Test func anArrayThatIsTakenWhileTheConsumerIsCancelledIsNotWaitedFor() {
        var state = self.member()
        _ = state.readerComes(now: self.now)
        state.readerAdds(now: self.now)
        state.isReaderGone = true
        #expect(state.hasReader)
        state.readerGoes(now: self.now, hasArray: true)
        #expect(!state.hasReader)
    }

    @Test func aStepIsOwedOnlyWhileACallbackRunsAndIsDoneOnce() {
        var state = self.member()
        let owed = RebalanceStep.revoke(MembershipFixture.partitions)
        _ = state.readerComes(now: self.now)
        state.readerBeginsStep(now: self.now)
        var isOwed = state.owe(owed)
        #expect(!isOwed)
        state.callback = Task { nil }
        isOwed = state.owe(owed)
        #expect(isOwed)
        let taken = state.takeOwedStep()
        let left = state.readerEndsStep()
        #expect(taken == owed && left == nil)
        #expect(state.callback == nil)
    }
}
