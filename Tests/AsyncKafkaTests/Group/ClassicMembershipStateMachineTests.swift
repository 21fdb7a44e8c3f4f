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

private typealias Machine = ClassicMembershipStateMachine
private typealias Fixture = MembershipFixture

/// The states of a member, event by event.
@Suite struct ClassicMembershipStateMachineTests {
    // MARK: The usual life

    @Test func aMemberJoinsSyncsAndIsStable() {
        var machine = Fixture.new()
        #expect(machine.nextRequest == nil)
        machine.rebalance(because: "start")
        #expect(machine.nextRequest == .join(.init(), reason: "start"))
        machine.requestSent(now: Fixture.now)
        #expect(machine.nextRequest == nil)
        machine.joined(memberID: "m", generation: 5, now: Fixture.now)
        #expect(machine.nextRequest == .sync(.init(memberID: "m", generation: 5)))
        machine.synced(Fixture.partitions, now: Fixture.now)
        #expect(machine.step == .assign(Fixture.partitions))
        let result1 = machine.stepBegan()
        #expect(result1 == .assign(Fixture.partitions))
        // A step is offered once.
        let result2 = machine.stepBegan()
        #expect(result2 == nil)
        machine.stepEnded()
        #expect(machine.state == .stable && machine.owned.all == Fixture.partitions && machine.step == nil)
    }

    @Test func theCoordinatorAssignsAMemberIDBeforeTheJoin() {
        var machine = Fixture.machine("joining")
        let result3 = machine.joinFailed(Fixture.error(.memberIdRequired), memberID: "m")
        #expect(result3 == .atOnce)
        #expect(machine.nextRequest == .join(.init(memberID: "m", generation: -1), reason: "start"))
    }

    @Test func allPartitionsAreRevokedBeforeRejoining() {
        var machine = Fixture.machine("stable")
        machine.rebalance(because: "topics changed")
        #expect(machine.nextRequest == nil)
        let result4 = machine.stepBegan()
        #expect(result4 == .revoke(Fixture.partitions))
        // Commits of the old generation succeed until the step is completed.
        #expect(machine.isMember && machine.identity.generation == 5)
        machine.stepEnded()
        #expect(machine.owned.isEmpty)
        #expect(machine.nextRequest == .join(.init(memberID: "m", generation: 5), reason: "topics changed"))
    }

    @Test func aMemberWithoutPartitionsHasNothingToRevoke() {
        var machine = Fixture.machine("joined")
        machine.synced([], now: Fixture.now)
        // The listener is called for the empty assignment, though.
        let result5 = machine.stepBegan()
        #expect(result5 == .assign([]))
        machine.stepEnded()
        machine.rebalance(because: "changed")
        #expect(machine.state == .unjoined)
    }

    // MARK: Heartbeats

    @Test func heartbeatsContinueDuringSteps() {
        for place in ["joined", "mustAssign", "assigning", "stable", "mustRevoke", "revoking", "leaving"] {
            var machine = Fixture.machine(place)
            let due = Fixture.now + .seconds(3)
            let result6 = machine.heartbeat(now: Fixture.now)
            #expect(result6 == .at(due), "\(place)")
            let result7 = machine.heartbeat(now: due)
            let isWorthIt = due + .seconds(15)
            #expect(result7 == .send(.init(memberID: "m", generation: 5), until: isWorthIt), "\(place)")
            let result8 = machine.heartbeat(now: due)
            #expect(result8 == .at(due + .seconds(3)), "\(place)")
        }
        for place in ["idle", "unjoined", "joining", "syncing", "mustLose", "losing", "suspended", "failed"] {
            var machine = Fixture.machine(place)
            let result9 = machine.heartbeat(now: Fixture.now + .seconds(100))
            #expect(result9 == .none, "\(place)")
        }
    }

    @Test func aFailedHeartbeatIsSentAgainSooner() {
        var machine = Fixture.machine("stable")
        let due = Fixture.now + .seconds(3)
        _ = machine.heartbeat(now: due)
        machine.heartbeatFailed(now: due, backoff: .milliseconds(100))
        let result10 = machine.heartbeat(now: due)
        #expect(result10 == .at(due + .milliseconds(100)))
    }

    @Test func anAnswerToAnOlderGenerationIsIgnored() {
        var machine = Fixture.machine("stable")
        for code in [ErrorCode.unknownMemberId, .illegalGeneration, .rebalanceInProgress, .fencedInstanceId] {
            machine.refused(Fixture.error(code), sender: .init(memberID: "m", generation: 4))
            machine.refused(Fixture.error(code), sender: .init(memberID: "other", generation: 5))
        }
        #expect(machine.state == .stable && machine.identity == .init(memberID: "m", generation: 5))
    }

    // MARK: Losing

    @Test func anEndedGenerationKeepsTheMemberIdAndADroppedMemberDoesNot() {
        for (code, id) in [(ErrorCode.illegalGeneration, "m"), (.unknownMemberId, "")] {
            var machine = Fixture.machine("stable")
            machine.refused(Fixture.error(code), sender: machine.identity)
            let result11 = machine.stepBegan()
            #expect(result11 == .lost(Fixture.partitions))
            #expect(!machine.isMember)
            machine.stepEnded()
            guard case .join(let identity, _)? = machine.nextRequest else {
                Issue.record("no join after \(code)")
                return
            }
            #expect(identity == .init(memberID: id, generation: -1))
        }
    }

    @Test func aLossDuringACallbackIsReportedUnlessThePartitionsWereBeingRevoked() {
        for place in ["revoking", "assigning"] {
            var machine = Fixture.machine(place)
            machine.refused(Fixture.error(.unknownMemberId), sender: machine.identity)
            // The callback runs to its end, but its commits can't succeed.
            let result12 = machine.stepBegan()
            #expect(result12 == nil)
            let result13 = machine.heartbeat(now: Fixture.now + .seconds(60))
            #expect(!machine.isMember && result13 == .none)
            machine.stepEnded()
            let result14 = machine.stepBegan()
            #expect(result14 == (place == "revoking" ? nil : .lost(Fixture.partitions)), "\(place)")
            machine.stepEnded()
            #expect(machine.state == .unjoined && machine.owned.isEmpty)
        }
    }

    @Test func anAssignmentUnknownToTheListenerIsNotReportedAsLost() {
        var machine = Fixture.machine("mustAssign")
        machine.refused(Fixture.error(.illegalGeneration), sender: machine.identity)
        #expect(machine.step == nil && machine.owned.isEmpty)
    }

    @Test func aFencedMemberLosesEverythingAndFails() {
        var machine = Fixture.machine("stable")
        machine.refused(Fixture.error(.fencedInstanceId), sender: machine.identity)
        let result15 = machine.stepBegan()
        #expect(result15 == .lost(Fixture.partitions))
        machine.stepEnded()
        #expect(machine.state == .failed(isTold: false) && machine.failure?.code == .fencedInstance)
        #expect(machine.nextRequest == nil)
    }

    // MARK: The session

    @Test func withoutAnAnsweredHeartbeatForTheSessionTimeoutEverythingIsLost() {
        for place in ["stable", "mustRevoke", "assigning"] {
            var machine = Fixture.machine(place)
            let end = Fixture.now + .seconds(45)
            #expect(machine.sessionDeadline == end)
            let isTooSoon = machine.sessionEnded(now: end + .nanoseconds(-1))
            #expect(!isTooSoon && machine.isMember)
            let isOver = machine.sessionEnded(now: end)
            #expect(isOver && !machine.isMember && machine.sessionDeadline == nil)
            if place == "assigning" { machine.stepEnded() }
            #expect(machine.step == .lost(Fixture.partitions), "\(place)")
            _ = machine.stepBegan()
            machine.stepEnded()
            // A coordinator that was suspended still knows the member.
            #expect(machine.identity == .init(memberID: "m", generation: -1))
        }
    }

    @Test func theSessionLastsFromWhenTheLastAnsweredHeartbeatWasSent() {
        var machine = Fixture.machine("stable")
        let sent = Fixture.now + .seconds(30)
        machine.heartbeatArrived(of: .init(memberID: "m", generation: 4), sentAt: sent)
        #expect(machine.sessionDeadline == Fixture.now + .seconds(45))
        machine.heartbeatArrived(of: machine.identity, sentAt: sent)
        #expect(machine.sessionDeadline == sent + .seconds(45))
        // A heartbeat is useful for a third of the session, and not after its end.
        let identity = machine.identity
        let early = machine.heartbeat(now: sent)
        #expect(early == .send(identity, until: sent + .seconds(15)))
        let late = machine.heartbeat(now: sent + .seconds(40))
        #expect(late == .send(identity, until: sent + .seconds(45)))
    }

    @Test func theSessionDoesNotEndDuringJoinAndSync() {
        for place in ["joining", "syncing", "unjoined", "mustLose", "suspended", "failed", "idle", "leaving"] {
            var machine = Fixture.machine(place)
            let isOver = machine.sessionEnded(now: Fixture.now + .seconds(1000))
            #expect(machine.sessionDeadline == nil && !isOver, "\(place)")
        }
    }

    // MARK: The poll interval

    @Test func aReaderThatIsTooSlowLeavesAndRejoinsWhenItAsks() {
        var machine = Fixture.machine("stable")
        let leaveNotice = machine.pollIntervalExpired()
        #expect(leaveNotice?.memberID == "m")
        #expect(!machine.isPollIntervalRunning)
        let result16 = machine.stepBegan()
        #expect(result16 == .lost(Fixture.partitions))
        machine.stepEnded()
        #expect(machine.state == .suspended && machine.nextRequest == nil)
        let rejoins = machine.readerAsked()
        #expect(rejoins)
        #expect(machine.nextRequest == .join(.init(), reason: "the consumer reads again"))
    }

    @Test func aReaderThatAsksAfterThePollIntervalIsNotifiedOfTheLossAndRejoins() {
        var machine = Fixture.machine("stable")
        _ = machine.pollIntervalExpired()
        let rejoins = machine.readerAsked()
        #expect(!rejoins)
        let result17 = machine.stepBegan()
        #expect(result17 == .lost(Fixture.partitions))
        machine.stepEnded()
        #expect(machine.state == .unjoined)
    }

    @Test func aCallbackThatTakesTooLongLosesThePartitions() {
        for place in ["revoking", "assigning"] {
            var machine = Fixture.machine(place)
            let leaveNotice = machine.pollIntervalExpired()
            #expect(leaveNotice?.memberID == "m")
            machine.stepEnded()
            #expect(machine.step == (place == "revoking" ? nil : .lost(Fixture.partitions)))
            #expect(place == "assigning" || machine.state == .suspended)
        }
    }

    @Test func staticMembersSendNoLeaveGroup() {
        var machine = Fixture.machine("stable", isStatic: true)
        let result18 = machine.pollIntervalExpired()
        #expect(result18 == nil)
        machine = Fixture.machine("stable", isStatic: true)
        _ = machine.prepareToLeave()
        let result19 = machine.leave(reason: "closed")
        #expect(result19 == nil)
        #expect(machine.state == .idle)
    }

    // MARK: Changes in the middle of things

    @Test func aChangeDuringARebalanceCausesExactlyOneMore() {
        for place in ["joining", "joined"] {
            var machine = Fixture.machine(place)
            machine.rebalance(because: "a")
            machine.rebalance(because: "b")
            if place == "joining" { machine.joined(memberID: "m", generation: 5, now: Fixture.now) }
            machine.synced(Fixture.partitions, now: Fixture.now)
            // The listener doesn't know of this assignment, so it isn't revoked.
            #expect(machine.state == .unjoined && machine.owned.isEmpty)
            machine.requestSent(now: Fixture.now)
            machine.joined(memberID: "m", generation: 6, now: Fixture.now)
            machine.synced(Fixture.partitions, now: Fixture.now)
            #expect(machine.step == .assign(Fixture.partitions))
        }
    }

    @Test func aChangeWhileJoiningOutlastsTheRefusalOfAnOldHeartbeat() {
        var machine = Fixture.machine("revoking")
        machine.stepEnded()
        machine.requestSent(now: Fixture.now)
        machine.rebalance(because: "other topics")
        machine.refused(Fixture.error(.illegalGeneration), sender: .init(memberID: "m", generation: 5))
        machine.joined(memberID: "m", generation: 6, now: Fixture.now)
        machine.synced(Fixture.partitions, now: Fixture.now)
        // The assignment is based on the old topics.
        #expect(machine.state == .unjoined)
    }

    @Test func eachFailureIsReportedBeforeTheMemberRejoins() {
        var machine = Fixture.machine("failed")
        var isJoining = machine.readerAsked()
        var failure = machine.takeFailure()
        #expect(!isJoining && failure != nil)
        machine.rebalance(because: "other topics")
        machine.requestSent(now: Fixture.now)
        machine.joined(memberID: "m", generation: 5, now: Fixture.now)
        machine.synced(Fixture.partitions, now: Fixture.now)
        _ = machine.stepBegan()
        machine.stepEnded()
        machine.refused(Fixture.error(.groupAuthorizationFailed), sender: machine.identity)
        _ = machine.stepBegan()
        machine.stepEnded()
        #expect(machine.state == .failed(isTold: false))
        isJoining = machine.readerAsked()
        failure = machine.takeFailure()
        #expect(!isJoining && failure != nil)
        isJoining = machine.readerAsked()
        #expect(isJoining && machine.state == .unjoined)
    }

    @Test func aChangeDuringPartitionsAssignedCausesARebalanceAfterIt() {
        var machine = Fixture.machine("assigning")
        machine.refused(Fixture.error(.rebalanceInProgress), sender: machine.identity)
        #expect(machine.state == .assigning(isOutOfDate: true))
        machine.stepEnded()
        #expect(machine.step == .revoke(Fixture.partitions))
    }

    // MARK: Leaving

    @Test func leavingGivesUpWhatTheListenerKnowsOf() {
        let expected: [String: RebalanceStep] = [
            "stable": .revoke(Fixture.partitions), "mustRevoke": .revoke(Fixture.partitions),
            "assigning": .revoke(Fixture.partitions), "mustLose": .lost(Fixture.partitions),
            "assigningInVain": .lost(Fixture.partitions),
        ]
        for place in Fixture.places {
            var machine = Fixture.machine(place)
            let result20 = machine.prepareToLeave()
            #expect(result20 == expected[place], "\(place)")
        }
    }

    @Test func leavingNotifiesTheGroupUnlessItKnows() {
        for place in ["joined", "mustAssign", "stable", "mustRevoke", "leaving"] {
            var machine = Fixture.machine(place)
            let result21 = machine.leave(reason: "r")
            #expect(result21 == .init(memberID: "m", reason: "r", request: .leaveGroup), "\(place)")
        }
        for place in ["idle", "unjoined", "mustLose", "suspended", "failed"] {
            var machine = Fixture.machine(place)
            let result22 = machine.leave(reason: "r")
            #expect(result22 == nil, "\(place)")
        }
    }

    // MARK: Errors

    @Test func everyErrorOfJoiningHasItsRemedy() {
        let remedies: [(ErrorCode, Machine.Retry)] = [
            (.memberIdRequired, .atOnce), (.unknownMemberId, .atOnce), (.illegalGeneration, .afterBackoff),
            (.rebalanceInProgress, .afterBackoff), (.coordinatorLoadInProgress, .afterBackoff),
            (.coordinatorNotAvailable, .afterBackoff), (.notCoordinator, .afterBackoff),
            (.inconsistentGroupProtocol, .never), (.invalidSessionTimeout, .never), (.invalidGroupId, .never),
            (.groupAuthorizationFailed, .never), (.groupMaxSizeReached, .never), (.fencedInstanceId, .never),
            (ErrorCode(rawValue: 9999), .never),
        ]
        for (code, remedy) in remedies {
            var machine = Fixture.machine("joining")
            let result23 = machine.joinFailed(Fixture.error(code))
            #expect(result23 == remedy, "\(code)")
            #expect((machine.state == .failed(isTold: false)) == (remedy == .never), "\(code)")
        }
        var machine = Fixture.machine("joining")
        let result24 = machine.joinFailed(Fixture.disconnected)
        #expect(result24 == .afterBackoff)
    }

    @Test func immediateRetriesAreLimited() {
        var machine = Fixture.machine("joining")
        for attempt in 1...5 {
            let retry = machine.joinFailed(Fixture.error(.unknownMemberId))
            #expect(retry == .atOnce, "\(attempt)")
            machine.requestSent(now: Fixture.now)
        }
        // Joining is not enough; only an assignment resets the count.
        machine.joined(memberID: "m", generation: 1, now: Fixture.now)
        var retry = machine.syncFailed(Fixture.error(.rebalanceInProgress))
        #expect(retry == .afterBackoff && machine.failures == 6)
        machine.requestSent(now: Fixture.now)
        machine.joined(memberID: "m", generation: 2, now: Fixture.now)
        machine.synced([], now: Fixture.now)
        _ = machine.stepBegan()
        machine.stepEnded()
        machine.rebalance(because: "changed")
        machine.requestSent(now: Fixture.now)
        retry = machine.joinFailed(Fixture.error(.unknownMemberId))
        #expect(retry == .atOnce)
    }

    @Test func aRefusedMemberKeepsItsIDUnlessTheGroupRemovedIt() {
        for code in [ErrorCode.groupAuthorizationFailed, .inconsistentGroupProtocol] {
            var machine = Fixture.machine("joined")
            _ = machine.syncFailed(Fixture.error(code))
            let leaveNotice = machine.leaveNoticeOfFailure
            #expect(machine.state == .failed(isTold: false) && leaveNotice?.memberID == "m")
            var isBack = machine
            isBack.rebalance(because: "again")
            #expect(isBack.nextRequest == .join(.init(memberID: "m", generation: -1), reason: "again"))
            if let leaveNotice { machine.left(leaveNotice) }
            machine.rebalance(because: "again")
            #expect(machine.nextRequest == .join(.init(), reason: "again"))
        }
        var fenced = Fixture.machine("joined")
        _ = fenced.syncFailed(Fixture.error(.fencedInstanceId))
        #expect(fenced.leaveNoticeOfFailure == nil && fenced.identity == .init())
    }

    @Test func everyErrorOfSyncHasItsRemedy() {
        let remedies: [(ErrorCode, Machine.Retry)] = [
            (.rebalanceInProgress, .atOnce), (.unknownMemberId, .atOnce), (.illegalGeneration, .atOnce),
            (.coordinatorLoadInProgress, .afterBackoff), (.coordinatorNotAvailable, .afterBackoff),
            (.notCoordinator, .afterBackoff), (.groupAuthorizationFailed, .never), (.fencedInstanceId, .never),
        ]
        for (code, remedy) in remedies {
            var machine = Fixture.machine("joined")
            let result25 = machine.syncFailed(Fixture.error(code))
            #expect(result25 == remedy, "\(code)")
        }
    }
}
