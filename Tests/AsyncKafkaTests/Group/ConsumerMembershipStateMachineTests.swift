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

private typealias Fixture = ConsumerMembershipFixture

/// A member of a group in the consumer protocol (KIP-848), event by event.
@Suite struct ConsumerMembershipStateMachineTests {
    // MARK: The usual life

    @Test func aMemberJoinsWithEverythingAndTakesItsTarget() {
        var machine = Fixture.new()
        #expect(machine.heartbeat(now: Fixture.now) == .none)
        machine.subscribed(to: ["t"], because: "start")
        let heartbeat = Fixture.heartbeat(of: &machine)
        #expect(heartbeat?.epoch == 0 && heartbeat?.told == nil && heartbeat?.owned.isEmpty == true)
        // One is in flight at a time.
        #expect(Fixture.heartbeat(of: &machine, now: Fixture.now + .seconds(60)) == nil)
        guard let heartbeat else { return }
        let isCurrent = machine.answered(
            heartbeat, .init(epoch: 3, heartbeatInterval: .seconds(2), target: Fixture.target(0, 1)),
            told: Fixture.subscription, sentAt: Fixture.now)
        #expect(isCurrent && machine.resolveNames(Fixture.metadata()))
        let steps = Fixture.perform(&machine)
        #expect(steps == [.assign([Fixture.zero, Fixture.one])])
        #expect(machine.state == .stable && machine.isMember && machine.committer.epoch == 3)
        // The coordinator is told at once, and after that at its own interval.
        Fixture.answer(&machine, epoch: 3)
        #expect(machine.told?.owned == Fixture.target(0, 1))
        let next = machine.heartbeat(now: Fixture.now)
        #expect(next == .at(Fixture.now + .seconds(5)))
    }

    @Test func aMemberWithoutPartitionsHearsOfIt() {
        var machine = Fixture.new()
        machine.subscribed(to: ["t"], because: "start")
        Fixture.answer(&machine, epoch: 1, [])
        let steps = Fixture.perform(&machine)
        #expect(steps == [.assign([])])
        Fixture.answer(&machine, epoch: 1)
        #expect(machine.step == nil)
    }

    @Test func whatGoesIsRevokedAndToldBeforeTheRestIsTaken() {
        var machine = Fixture.stable()
        machine.nextHeartbeat = nil
        Fixture.answer(&machine, epoch: 3, Fixture.target(1, 2))
        var step = machine.owned.began()
        #expect(step == .revoke([Fixture.zero]))
        // Until the callback has returned, the member owns the partition.
        machine.nextHeartbeat = nil
        let during = Fixture.heartbeat(of: &machine)
        #expect(during?.owned == Fixture.target(0, 1, 2))
        if let during {
            _ = machine.answered(
                during, .init(epoch: 3, heartbeatInterval: .seconds(5), target: nil), told: Fixture.subscription,
                sentAt: Fixture.now)
        }
        machine.stepEnded()
        let after = Fixture.heartbeat(of: &machine)
        // What it gave up isn't in it, and what the reader may take over at any time is.
        #expect(after?.owned == Fixture.target(1, 2))
        step = machine.owned.began()
        #expect(step == .assign([Fixture.two]))
        machine.stepEnded()
        #expect(machine.state == .stable && machine.owned.all == [Fixture.one, Fixture.two])
    }

    @Test func whatTheReaderHasNotBegunIsDecidedAnew() {
        var machine = Fixture.stable()
        machine.nextHeartbeat = nil
        Fixture.answer(&machine, epoch: 4, Fixture.target(0, 1, 2))
        #expect(machine.step == .assign([Fixture.two]))
        machine.nextHeartbeat = nil
        Fixture.answer(&machine, epoch: 5, Fixture.target(0))
        let steps = Fixture.perform(&machine)
        #expect(steps == [.revoke([Fixture.one]), .assign([])])
    }

    @Test func aTargetThatChangesDuringAStepFollowsIt() {
        var machine = Fixture.stable()
        machine.nextHeartbeat = nil
        Fixture.answer(&machine, epoch: 4, Fixture.target(0, 1, 2))
        _ = machine.owned.began()
        machine.nextHeartbeat = nil
        Fixture.answer(&machine, epoch: 5, Fixture.target(0, 1))
        machine.stepEnded()
        let steps = Fixture.perform(&machine)
        #expect(steps == [.revoke([Fixture.two]), .assign([])])
    }

    // MARK: Names

    @Test func aTopicWhoseNameIsUnknownIsWaitedForWithoutTheRest() {
        let other = KafkaUUID(high: 2, low: 2)
        var machine = Fixture.stable()
        machine.nextHeartbeat = nil
        Fixture.answer(
            &machine, epoch: 4, Fixture.target(0, 2).union(Fixture.target(7, of: other)))
        #expect(machine.hasUnknownTopics)
        var steps = Fixture.perform(&machine)
        #expect(steps == [.revoke([Fixture.one]), .assign([Fixture.two])])
        let hasStep = machine.resolveNames(Fixture.metadata(["t": Fixture.id, "u": other]))
        steps = Fixture.perform(&machine)
        #expect(hasStep && steps == [.assign([TopicPartition("u", 7)])] && !machine.hasUnknownTopics)
    }

    @Test func aTopicThatIsMadeAgainIsAnotherTopic() {
        let again = KafkaUUID(high: 3, low: 3)
        var machine = Fixture.stable()
        machine.nextHeartbeat = nil
        Fixture.answer(
            &machine, epoch: 4, Fixture.target(0, of: again), metadata: Fixture.metadata(["t": again]))
        let steps = Fixture.perform(&machine)
        #expect(steps == [.revoke([Fixture.zero, Fixture.one]), .assign([Fixture.zero])])
        let heartbeat = Fixture.heartbeat(of: &machine)
        #expect(heartbeat?.owned == Fixture.target(0, of: again))
    }

    // MARK: Failures

    @Test func afterAFailureTheNextHeartbeatContainsEverything() {
        var machine = Fixture.stable()
        let due = Fixture.now + .seconds(5)
        guard let heartbeat = Fixture.heartbeat(of: &machine, now: due) else { return }
        #expect(heartbeat.told != nil)
        let remedy = machine.failed(
            heartbeat, MembershipFixture.disconnected, now: due, backoff: .milliseconds(100))
        #expect(remedy == .again)
        let next = machine.heartbeat(now: due)
        #expect(next == .at(due + .milliseconds(100)))
        let again = Fixture.heartbeat(of: &machine, now: due + .milliseconds(100))
        #expect(again?.told == nil && again?.epoch == 3 && again?.owned == Fixture.target(0, 1))
    }

    @Test func aRemovedMemberLosesItsPartitionsAndJoinsAgainUnderItsID() {
        for code in [ErrorCode.fencedMemberEpoch, .unknownMemberId] {
            var machine = Fixture.stable()
            let tenure = machine.committer.tenure
            guard let heartbeat = Fixture.heartbeat(of: &machine, now: Fixture.now + .seconds(5)) else { return }
            let remedy = machine.failed(
                heartbeat, MembershipFixture.error(code), now: Fixture.now, backoff: .zero)
            #expect(remedy == .rejoin && !machine.isMember)
            // Nothing is sent until the listener has heard of it.
            #expect(Fixture.heartbeat(of: &machine, now: Fixture.now + .seconds(60)) == nil)
            let steps = Fixture.perform(&machine)
            #expect(steps == [.lost([Fixture.zero, Fixture.one])])
            let again = Fixture.heartbeat(of: &machine)
            #expect(again?.epoch == 0 && again?.owned.isEmpty == true && again?.told == nil)
            #expect(machine.committer.tenure != tenure)
        }
    }

    @Test func aLossDuringACallbackIsReportedUnlessThePartitionsWereBeingRevoked() {
        var machine = Fixture.stable()
        machine.nextHeartbeat = nil
        Fixture.answer(&machine, epoch: 4, Fixture.target(1))
        _ = machine.owned.began()
        machine.loseMembership()
        machine.stepEnded()
        let steps = Fixture.perform(&machine)
        #expect(steps == [.lost([Fixture.one])])
        #expect(machine.state == .joining)
    }

    @Test func anAnswerToAnEarlierMembershipIsIgnored() {
        var machine = Fixture.stable()
        guard let heartbeat = Fixture.heartbeat(of: &machine, now: Fixture.now + .seconds(5)) else { return }
        machine.loseMembership()
        let isCurrent = machine.answered(
            heartbeat, .init(epoch: 4, heartbeatInterval: .seconds(5), target: Fixture.target(2)),
            told: Fixture.subscription, sentAt: Fixture.now)
        #expect(!isCurrent && !machine.isMember)
        let remedy = machine.failed(
            heartbeat, MembershipFixture.error(.groupAuthorizationFailed), now: Fixture.now, backoff: .zero)
        #expect(remedy == .again && machine.failure == nil)
    }

    @Test(arguments: [ErrorCode.unsupportedVersion, .groupIdNotFound])
    func aRefusalOfTheProtocolIsFinalForAMemberThatJoins(code: ErrorCode) {
        var machine = Fixture.new()
        machine.subscribed(to: ["t"], because: "start")
        guard let heartbeat = Fixture.heartbeat(of: &machine) else { return }
        let remedy = machine.failed(heartbeat, MembershipFixture.error(code), now: Fixture.now, backoff: .zero)
        #expect(remedy == .giveUp && machine.state == .failed(isTold: false))
        #expect(machine.failure?.brokerCode == code)
    }

    @Test func everyErrorHasItsRemedy() {
        let remedies: [(ErrorCode, ConsumerMembershipStateMachine.Remedy)] = [
            (.notCoordinator, .again), (.coordinatorNotAvailable, .again), (.coordinatorLoadInProgress, .again),
            (.requestTimedOut, .again), (.fencedMemberEpoch, .rejoin), (.unknownMemberId, .rejoin),
            (.topicAuthorizationFailed, .report), (.groupAuthorizationFailed, .giveUp), (.invalidRequest, .giveUp),
            (.groupMaxSizeReached, .giveUp), (.unsupportedAssignor, .giveUp), (.fencedInstanceId, .giveUp),
            (.unsupportedVersion, .rejoin), (.invalidRegularExpression, .giveUp), (.groupIdNotFound, .rejoin),
            (ErrorCode(rawValue: 9999), .giveUp),
        ]
        for (code, expected) in remedies {
            var machine = Fixture.stable()
            guard let heartbeat = Fixture.heartbeat(of: &machine, now: Fixture.now + .seconds(5)) else { return }
            let remedy = machine.failed(heartbeat, MembershipFixture.error(code), now: Fixture.now, backoff: .zero)
            #expect(remedy == expected, "\(code)")
            let isLost = expected == .rejoin || expected == .giveUp
            #expect(machine.owned.isLosing == isLost, "\(code)")
            _ = Fixture.perform(&machine)
            #expect((machine.state == .failed(isTold: false)) == (expected == .giveUp), "\(code)")
        }
    }

    @Test func anInstanceIDInUseIsWaitedForUntilItsSessionHasEnded() {
        var machine = Fixture.new(isStatic: true)
        machine.subscribed(to: ["t"], because: "start")
        for (time, expected) in [(0, ConsumerMembershipStateMachine.Remedy.again), (60, .again), (90, .giveUp)] {
            let now = Fixture.now + .seconds(time)
            guard let heartbeat = Fixture.heartbeat(of: &machine, now: now) else { return }
            let remedy = machine.failed(
                heartbeat, MembershipFixture.error(.unreleasedInstanceId), now: now, backoff: .seconds(1))
            #expect(remedy == expected, "after \(time) s")
        }
    }

    // MARK: Deadlines

    @Test func withoutAnAnsweredHeartbeatForTheSessionTimeoutEverythingIsLost() {
        var machine = Fixture.stable()
        let end = Fixture.now + .seconds(45)
        #expect(machine.sessionDeadline == end)
        let isTooSoon = machine.sessionEnded(now: end + .nanoseconds(-1))
        let isOver = machine.sessionEnded(now: end)
        #expect(!isTooSoon && isOver && machine.step == .lost([Fixture.zero, Fixture.one]))
    }

    @Test func aReaderThatIsTooSlowLeavesAndRejoinsWhenItAsks() {
        var machine = Fixture.stable()
        let leaveNotice = machine.pollIntervalExpired()
        #expect(leaveNotice?.memberID == "m" && !machine.isPollIntervalRunning)
        _ = Fixture.perform(&machine)
        #expect(machine.state == .suspended && machine.heartbeat(now: Fixture.now) == .none)
        let isJoining = machine.readerAsked()
        #expect(isJoining && Fixture.heartbeat(of: &machine)?.epoch == 0)
    }

    // MARK: Leaving

    @Test func leavingRevokesAndNotifiesTheGroup() {
        for isStatic in [false, true] {
            var machine = Fixture.stable(isStatic: isStatic)
            let step = machine.prepareToLeave()
            #expect(step == .revoke([Fixture.zero, Fixture.one]))
            // The member is alive while its last callback runs.
            #expect(Fixture.heartbeat(of: &machine, now: Fixture.now + .seconds(5)) != nil)
            let leaveNotice = machine.leave(reason: "closed")
            #expect(leaveNotice?.memberID == "m" && machine.state == .idle)
        }
        var machine = Fixture.new()
        machine.subscribed(to: ["t"], because: "start")
        #expect(machine.leave(reason: "closed") == nil)
        // The coordinator may accept the member after it has left.
        machine.subscribed(to: ["t"], because: "start")
        _ = Fixture.heartbeat(of: &machine)
        let leaveNotice = machine.leave(reason: "closed")
        #expect(leaveNotice != nil)
    }

    @Test func aMemberThatIsRemovedWhileItLeavesSendsNoMoreHeartbeats() {
        var machine = Fixture.stable()
        _ = machine.prepareToLeave()
        guard let heartbeat = Fixture.heartbeat(of: &machine, now: Fixture.now + .seconds(5)) else { return }
        let remedy = machine.failed(
            heartbeat, MembershipFixture.error(.fencedMemberEpoch), now: Fixture.now, backoff: .zero)
        #expect(remedy == .again && !machine.isMember)
        let next = machine.heartbeat(now: Fixture.now + .seconds(60))
        let leaveNotice = machine.leave(reason: "closed")
        #expect(next == .none && leaveNotice == nil)
        // Another refusal doesn't make its last commit one of nobody.
        var refused = Fixture.stable()
        _ = refused.prepareToLeave()
        guard let last = Fixture.heartbeat(of: &refused, now: Fixture.now + .seconds(5)) else { return }
        _ = refused.failed(
            last, MembershipFixture.error(.topicAuthorizationFailed), now: Fixture.now, backoff: .zero)
        #expect(refused.isMember)
    }

    @Test func heartbeatsFitTheSessionAlsoIfItIsShort() {
        var machine = ConsumerMembershipStateMachine(.init(group: "g", memberID: "m", sessionTimeout: .seconds(3)))
        machine.subscribed(to: ["t"], because: "start")
        Fixture.answer(&machine, epoch: 1, [])
        _ = Fixture.perform(&machine)
        Fixture.answer(&machine, epoch: 1)
        let next = machine.heartbeat(now: Fixture.now)
        #expect(next == .at(Fixture.now + .seconds(1)))
    }

    /// A broker that lags behind names the old topic again before the reader has given the partitions up.
    @Test func whatWasFoundToBeMadeAgainIsRevokedInAnyCase() {
        var machine = Fixture.stable()
        machine.nextHeartbeat = nil
        Fixture.answer(&machine, epoch: 4, Fixture.target(0, 1, 2))
        _ = machine.owned.began()
        _ = machine.resolveNames(Fixture.metadata(["t": KafkaUUID(high: 3, low: 3)]))
        _ = machine.resolveNames(Fixture.metadata())
        machine.stepEnded()
        let steps = Fixture.perform(&machine)
        #expect(steps.first == .revoke([Fixture.zero, Fixture.one, Fixture.two]))
    }

    /// The request with which the member left may arrive after it has joined again, and would remove it.
    @Test func aMemberThatHasLeftJoinsUnderAnotherID() {
        var left = Fixture.stable()
        _ = left.prepareToLeave()
        let leaveNotice = left.leave(reason: "unsubscribed")
        left.subscribed(to: ["t"], because: "subscribed again")
        let joining = Fixture.heartbeat(of: &left)
        #expect(joining?.memberID != leaveNotice?.memberID)
        var late = Fixture.stable()
        let notice = late.pollIntervalExpired()
        _ = Fixture.perform(&late)
        _ = late.readerAsked()
        let rejoining = Fixture.heartbeat(of: &late)
        #expect(rejoining?.memberID != notice?.memberID)
    }

    @Test func aMemberThatTheCoordinatorMayKnowLeaves() {
        // The answer to its join was lost.
        var machine = Fixture.new()
        machine.subscribed(to: ["t"], because: "start")
        if let heartbeat = Fixture.heartbeat(of: &machine) {
            _ = machine.failed(heartbeat, MembershipFixture.unknown, now: Fixture.now, backoff: .seconds(1))
        }
        let leaveNotice = machine.leave(reason: "closed")
        #expect(leaveNotice != nil)
        // It can't take part anymore.
        var refused = Fixture.stable()
        if let heartbeat = Fixture.heartbeat(of: &refused, now: Fixture.now + .seconds(5)) {
            _ = refused.failed(
                heartbeat, MembershipFixture.error(.invalidRegularExpression), now: Fixture.now, backoff: .zero)
        }
        let first = refused.departAfterFailure()
        let second = refused.departAfterFailure()
        #expect(first?.memberID == "m" && second == nil)
    }

    /// The coordinator gives to others at once what a heartbeat doesn't contain.
    @Test func aHeartbeatContainsWhatTheReaderMayTakeOverMeanwhile() {
        var machine = Fixture.stable()
        machine.nextHeartbeat = nil
        Fixture.answer(&machine, epoch: 4, Fixture.target(0, 1, 2))
        _ = machine.owned.began()
        machine.nextHeartbeat = nil
        Fixture.answer(&machine, epoch: 5, Fixture.target(0, 1, 2, 3))
        machine.stepEnded()
        let heartbeat = Fixture.heartbeat(of: &machine)
        let step = machine.owned.began()
        #expect(step == .assign([TopicPartition("t", 3)]))
        #expect(heartbeat?.owned == Fixture.target(0, 1, 2, 3))
    }

    @Test func aTopicThatIsMadeAgainIsRevokedBeforeTheCoordinatorSaysSo() {
        var machine = Fixture.stable()
        let again = KafkaUUID(high: 3, low: 3)
        let hasStep = machine.resolveNames(Fixture.metadata(["t": again]))
        #expect(hasStep)
        let steps = Fixture.perform(&machine)
        #expect(steps == [.revoke([Fixture.zero, Fixture.one]), .assign([])])
        #expect(machine.owned.isEmpty)
    }

    @Test func whoRemainsAndWhoLeavesForGood() {
        typealias Operation = GroupMembershipOperation
        let expected: [(isStatic: Bool, operation: Operation, isForGood: Bool?)] = [
            (false, .default, true), (false, .leaveGroup, true), (false, .remainInGroup, nil),
            (true, .default, false), (true, .leaveGroup, true), (true, .remainInGroup, false),
        ]
        for (isStatic, operation, isForGood) in expected {
            var consumer = Fixture.stable(isStatic: isStatic)
            let notice = consumer.leave(reason: "closed", operation)
            #expect(notice?.request == isForGood.map { .heartbeat(isForGood: $0) }, "\(isStatic) \(operation)")
            var classic = MembershipFixture.machine("stable", isStatic: isStatic)
            // A classic static member that says nothing remains.
            #expect((classic.leave(reason: "closed", operation) != nil) == (isForGood ?? false))
        }
    }

    // MARK: Commits

    @Test func aCommitThatIsRefusedAsStaleIsMadeAgainUnderTheNewEpoch() {
        let machine = Fixture.stable()
        let committer = machine.committer
        var membership = Membership.consumer(machine)
        let stale = MembershipFixture.error(.staleMemberEpoch)
        membership.refused(stale, sender: committer)
        #expect(membership.outlasts(stale, of: committer) && membership.step == nil)
        // The next heartbeat is due at once, and brings the epoch.
        membership.withConsumer { Fixture.answer(&$0, epoch: 8) }
        #expect(membership.identity(continuing: committer)?.epoch == 8)
        membership.withConsumer { $0.loseMembership() }
        #expect(membership.identity(continuing: committer) == nil && !membership.outlasts(stale, of: committer))
    }
}
