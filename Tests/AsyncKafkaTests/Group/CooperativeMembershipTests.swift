// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

private typealias Fixture = MembershipFixture

/// A member of a group in the cooperative protocol keeps its partitions while it rejoins.
@Suite struct CooperativeMembershipTests {
    private let zero = TopicPartition("t", 0)
    private let one = TopicPartition("t", 1)
    private let two = TopicPartition("t", 2)

    /// A stable member of generation 5 that owns partitions 0 and 1.
    private func stable() -> ClassicMembershipStateMachine {
        var machine = Fixture.new(isCooperative: true)
        machine.subscribed(to: ["t"], because: "start")
        machine.requestSent(now: Fixture.now)
        machine.joined(memberID: "m", generation: 5, now: Fixture.now)
        machine.requestSent(now: Fixture.now)
        machine.synced([self.zero, self.one], now: Fixture.now)
        _ = machine.stepBegan()
        machine.stepEnded()
        return machine
    }

    /// A member that rejoins with its partitions, and has sent JoinGroup.
    private func rejoining() -> ClassicMembershipStateMachine {
        var machine = self.stable()
        machine.refused(Fixture.error(.rebalanceInProgress), sender: machine.identity)
        machine.requestSent(now: Fixture.now)
        return machine
    }

    /// A member that waits for its assignment of generation 6.
    private func syncing() -> ClassicMembershipStateMachine {
        var machine = self.rejoining()
        machine.joined(memberID: "m", generation: 6, now: Fixture.now)
        machine.requestSent(now: Fixture.now)
        return machine
    }

    @Test func aMemberRejoinsWithItsPartitionsAndGoesOnReading() {
        var machine = self.stable()
        machine.refused(Fixture.error(.rebalanceInProgress), sender: machine.identity)
        #expect(machine.step == nil && machine.owned.all == [self.zero, self.one])
        #expect(machine.nextRequest == .join(.init(memberID: "m", generation: 5), reason: "the group rebalances"))
        // Commits are accepted until all members have joined.
        #expect(machine.isSettled && machine.isMember)
        machine.requestSent(now: Fixture.now)
        #expect(machine.isSettled)
    }

    @Test func whatStaysIsNotTouchedAndWhatIsNewIsAssigned() {
        var machine = self.syncing()
        machine.synced([self.zero, self.one, self.two], now: Fixture.now)
        let step = machine.stepBegan()
        #expect(step == .assign([self.two]))
        machine.stepEnded()
        #expect(machine.state == .stable && machine.owned.all == [self.zero, self.one, self.two])
        #expect(machine.committer.tenure == 0)
    }

    @Test func whatGoesIsRevokedBeforeTheRestIsTakenAndTheMemberRejoins() {
        var machine = self.syncing()
        machine.synced([self.one, self.two], now: Fixture.now)
        var step = machine.stepBegan()
        #expect(step == .revoke([self.zero]))
        machine.stepEnded()
        step = machine.stepBegan()
        #expect(step == .assign([self.two]))
        machine.stepEnded()
        #expect(machine.owned.all == [self.one, self.two])
        #expect(
            machine.nextRequest
                == .join(.init(memberID: "m", generation: 6), reason: "the member has revoked partitions"))
    }

    @Test func anUnchangedAssignmentCallsTheListenerWithoutPartitions() {
        var machine = self.syncing()
        machine.synced([self.zero, self.one], now: Fixture.now)
        let step = machine.stepBegan()
        #expect(step == .assign([]))
        machine.stepEnded()
        #expect(machine.state == .stable)
    }

    @Test func aRebalanceDuringARevocationIsJoinedWithoutTakingTheRest() {
        var machine = self.syncing()
        machine.synced([self.one, self.two], now: Fixture.now)
        _ = machine.stepBegan()
        machine.topicsChanged(because: "partitions were added")
        machine.stepEnded()
        #expect(machine.step == nil && machine.owned.all == [self.one])
        #expect(machine.nextRequest == .join(.init(memberID: "m", generation: 6), reason: "partitions were added"))
    }

    @Test func anAssignmentThatTheReaderHasNotTakenIsNotClaimed() {
        var machine = self.syncing()
        machine.synced([self.zero, self.one, self.two], now: Fixture.now)
        machine.refused(Fixture.error(.rebalanceInProgress), sender: machine.identity)
        #expect(machine.step == nil && machine.owned.all == [self.zero, self.one])
        #expect(machine.nextRequest != nil)
    }

    @Test func partitionsOfTopicsThatAreNotSubscribedToAnymoreAreRevokedFirst() {
        var machine = self.stable()
        machine.subscribed(to: ["u"], because: "the subscription has changed")
        let step = machine.stepBegan()
        #expect(step == .revoke([self.zero, self.one]))
        machine.stepEnded()
        #expect(machine.nextRequest != nil && machine.owned.isEmpty)
    }

    // MARK: Heartbeats

    @Test func heartbeatsGoOnWhileTheMemberJoins() {
        let due = Fixture.now + .seconds(3)
        for (machine, generation) in [(self.rejoining(), Int32(5)), (self.syncing(), 6)] {
            var machine = machine
            #expect(machine.isWaitingForGroup && machine.isPollIntervalRunning)
            let heartbeat = machine.heartbeat(now: due)
            #expect(heartbeat == .send(.init(memberID: "m", generation: generation), until: due + .seconds(15)))
        }
    }

    @Test func aMemberThatIsNotHeardWhileItJoinsHasLostItsPartitions() {
        for machine in [self.rejoining(), self.syncing()] {
            var machine = machine
            let isOver = machine.sessionEnded(now: Fixture.now + .seconds(45))
            #expect(isOver)
            let step = machine.stepBegan()
            #expect(step == .lost([self.zero, self.one]))
            machine.stepEnded()
            #expect(machine.nextRequest == .join(.init(memberID: "m"), reason: machine.reason))
        }
    }

    @Test func aRefusalThatCrossesTheAnswerToJoinGroupCostsNothing() {
        var machine = self.rejoining()
        for code in [ErrorCode.illegalGeneration, .rebalanceInProgress, .unknownMemberId] {
            machine.refused(Fixture.error(code), sender: machine.identity)
        }
        #expect(machine.step == nil && machine.isMember)
        machine.joined(memberID: "m", generation: 6, now: Fixture.now)
        #expect(machine.nextRequest == .sync(.init(memberID: "m", generation: 6)))
    }

    @Test func aReaderThatIsTooSlowWhileTheMemberJoinsLosesItsPartitions() {
        var machine = self.rejoining()
        let leaveNotice = machine.pollIntervalExpired()
        #expect(leaveNotice?.memberID == "m")
        let step = machine.stepBegan()
        #expect(step == .lost([self.zero, self.one]))
        machine.stepEnded()
        #expect(machine.state == .suspended)
    }

    // MARK: Failures

    @Test func aMemberThatIsDroppedWhileItJoinsLosesItsPartitionsFirst() {
        var machine = self.rejoining()
        let retry = machine.joinFailed(Fixture.error(.unknownMemberId))
        #expect(retry == .atOnce && machine.nextRequest == nil)
        let step = machine.stepBegan()
        #expect(step == .lost([self.zero, self.one]))
        machine.stepEnded()
        #expect(machine.nextRequest == .join(.init(), reason: "the group rebalances"))
    }

    @Test func aRefusedJoinIsRepeatedWithThePartitions() {
        var machine = self.rejoining()
        let retry = machine.joinFailed(Fixture.error(.notCoordinator))
        #expect(retry == .afterBackoff && machine.step == nil)
        #expect(machine.nextRequest == .join(.init(memberID: "m", generation: 5), reason: "the group rebalances"))
        #expect(machine.owned.all == [self.zero, self.one])
    }

    @Test func ifTheAnswerToJoinGroupIsLostEverythingIsRevokedBeforeTheNext() {
        // The group may have a new generation, whose members would not believe claims of the old one.
        var machine = self.rejoining()
        let retry = machine.joinFailed(Fixture.unknown)
        #expect(retry == .afterBackoff && machine.nextRequest == nil)
        let step = machine.stepBegan()
        #expect(step == .revoke([self.zero, self.one]))
        machine.stepEnded()
        #expect(machine.nextRequest != nil && machine.owned.isEmpty)
    }

    @Test func aMemberThatMissedAGenerationLosesItsPartitions() {
        var machine = self.rejoining()
        machine.joined(memberID: "m", generation: 7, now: Fixture.now)
        #expect(machine.step == .lost([self.zero, self.one]))
    }

    /// In a group that has moved to the consumer protocol, the generation is the member's epoch, and no member leads.
    @Test func epochsOfAGroupWithoutALeaderMayBeSkipped() {
        var machine = self.rejoining()
        machine.joined(memberID: "m", generation: 9, hasLeader: false, now: Fixture.now)
        #expect(machine.step == nil && machine.nextRequest == .sync(.init(memberID: "m", generation: 9)))
    }

    @Test func whatIsOwnedOutlastsAFailedSync() {
        for (code, isLost) in [
            (ErrorCode.rebalanceInProgress, false), (.notCoordinator, false), (.illegalGeneration, true),
            (.unknownMemberId, true), (.groupAuthorizationFailed, true),
        ] {
            var machine = self.syncing()
            _ = machine.syncFailed(Fixture.error(code))
            #expect(machine.step == (isLost ? .lost([self.zero, self.one]) : nil), "\(code)")
            if !isLost {
                // The claim is one of the generation that the member joined.
                #expect(machine.nextRequest == .join(.init(memberID: "m", generation: 6), reason: machine.reason))
            }
        }
    }

    @Test func leavingWhileTheMemberJoinsRevokesItsPartitions() {
        for machine in [self.rejoining(), self.syncing()] {
            var machine = machine
            let step = machine.prepareToLeave()
            #expect(step == .revoke([self.zero, self.one]))
        }
        // What a callback is giving up already isn't revoked twice.
        var machine = self.syncing()
        machine.synced([self.one], now: Fixture.now)
        _ = machine.stepBegan()
        let step = machine.prepareToLeave()
        #expect(step == .revoke([self.one]))
    }

    /// The group refuses the last commit until the member has finished the rebalance.
    @Test func aMemberThatLeavesFinishesTheRebalance() {
        var machine = self.rejoining()
        let committer = machine.committer
        _ = machine.prepareToLeave()
        machine.refused(Fixture.error(.illegalGeneration), sender: machine.identity)
        #expect(Membership.classic(machine).outlasts(Fixture.error(.illegalGeneration), of: committer))
        machine.joined(memberID: "m", generation: 6, now: Fixture.now)
        #expect(machine.nextRequest == .sync(.init(memberID: "m", generation: 6)))
        machine.requestSent(now: Fixture.now)
        machine.synced([self.zero], now: Fixture.now)
        #expect(machine.state == .leaving(during: nil) && machine.nextRequest == nil && machine.step == nil)
        #expect(Membership.classic(machine).identity(continuing: committer)?.epoch == 6)
        var failing = self.rejoining()
        _ = failing.prepareToLeave()
        let retry = failing.joinFailed(Fixture.disconnected)
        #expect(retry == .never && failing.state == .leaving(during: nil) && failing.isMember)
    }

    // MARK: Commits

    @Test func aCommitGoesOnInTheNextGenerationUnlessPartitionsWereGivenUp() {
        let committer = self.stable().committer
        var membership = Membership.classic(self.syncing())
        let renewed = membership.identity(continuing: committer)
        #expect(renewed?.epoch == 6)
        #expect(membership.outlasts(Fixture.error(.rebalanceInProgress), of: committer))
        _ = membership.withClassic { machine in
            machine.synced([self.one], now: Fixture.now)
            _ = machine.stepBegan()
            machine.stepEnded()
        }
        #expect(membership.identity(continuing: committer) == nil)
        #expect(!membership.outlasts(Fixture.error(.rebalanceInProgress), of: committer))
    }
}
