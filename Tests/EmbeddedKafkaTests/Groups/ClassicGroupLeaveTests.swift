// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@testable import EmbeddedKafka

@Suite(.timeLimit(.minutes(2))) struct ClassicGroupLeaveTests {
    private var rig = GroupRig()

    @Test mutating func leavingStartsARebalanceForTheOthers() {
        self.rig = .stable("a", "b")
        #expect(self.rig.leave("a") == .none)
        #expect(self.rig.heartbeat("b") == .rebalanceInProgress)
        self.rig.rejoin("b", ticket: 1)
        #expect(self.rig.joins[1]?.leaderID == "b")
        #expect(self.rig.joins[1]?.members.map(\.id) == ["b"])
    }

    @Test mutating func theLastMemberLeavesTheGroupEmpty() {
        self.rig = .stable("a")
        let generation = self.rig.group.generation
        #expect(self.rig.leave("a") == .none)
        #expect(self.rig.group.state == .empty)
        #expect(self.rig.group.generation == generation + 1)
        #expect(self.rig.group.nextDeadline == nil)
        #expect(self.rig.leave("a") == .unknownMemberId)
    }

    @Test mutating func leavingWhileJoiningAnswersTheJoinAndCompletesItForTheOthers() {
        self.rig = .stable("a")
        self.rig.join("b", ticket: 1)
        #expect(self.rig.leave("b") == .none)
        #expect(self.rig.joins[1]?.error == .unknownMemberId)
        self.rig.join("c", ticket: 2)
        #expect(self.rig.leave("a") == .none)
        #expect(self.rig.joins[2]?.members.map(\.id) == ["c"])
    }

    @Test mutating func aMemberThatHasOnlyAnIDLeavesWithoutARebalance() {
        self.rig = .stable("a")
        self.rig.join("b", ticket: 1, requiresID: true)
        #expect(self.rig.leave("b") == .none)
        #expect(self.rig.group.state == .stable)
        #expect(self.rig.group.pendingMembers.isEmpty)
    }

    @Test mutating func eachLeavingMemberHasItsOwnResult() {
        self.rig = .stable("a", "b", instances: ["b": "i"])
        let (results, _) = self.rig.group.leave(
            [
                .init(memberID: "x"), .init(memberID: "a", instanceID: "i"), .init(memberID: "", instanceID: "j"),
                .init(memberID: "", instanceID: "i"), .init(memberID: "a"),
            ], now: 0)
        #expect(results == [.unknownMemberId, .fencedInstanceId, .unknownMemberId, .none, .none])
        #expect(self.rig.group.members.isEmpty)
    }

    // MARK: Static members

    @Test mutating func aReturningStaticMemberGetsANewIDWithoutARebalance() {
        self.rig = .stable("a", "b", instances: ["a": "ia", "b": "ib"])
        let generation = self.rig.group.generation
        self.rig.join("b2", ticket: 1, instance: "ib")
        #expect(self.rig.joins[1]?.error == ErrorCode.none)
        #expect(self.rig.joins[1]?.memberID == "b2")
        #expect(self.rig.joins[1]?.generation == generation)
        #expect(self.rig.group.state == .stable)
        self.rig.sync("b2", ticket: 2, instance: "ib")
        #expect(self.rig.syncs[2]?.assignment == "b")
        #expect(self.rig.heartbeat("b", instance: "ib") == .fencedInstanceId)
        #expect(self.rig.heartbeat("b2", instance: "ib") == .none)
        #expect(self.rig.commit("b", instance: "ib") == .fencedInstanceId)
    }

    @Test(arguments: [true, false])
    mutating func aReturningStaticLeaderMakesNoAssignment(canSkip: Bool) {
        self.rig = .stable("a", "b", instances: ["a": "ia", "b": "ib"])
        self.rig.join("a2", ticket: 1, instance: "ia", canSkip: canSkip)
        let answer = self.rig.joins[1]
        #expect(answer?.skipsAssignment == canSkip)
        // Without that field the answer says that the previous member id leads.
        #expect(answer?.leaderID == (canSkip ? "a2" : "a"))
        #expect(answer?.members.map(\.id) == (canSkip ? ["a2", "b"] : []))
    }

    @Test mutating func aStaticMemberThatReturnsDuringARebalanceTakesItsOldPlace() {
        self.rig = .stable("a", "b", instances: ["a": "ia", "b": "ib"])
        self.rig.join("a", ticket: 1, isNew: false, instance: "ia", metadata: "changed")
        self.rig.join("a2", ticket: 2, instance: "ia")
        #expect(self.rig.joins[1]?.error == .fencedInstanceId)
        self.rig.join("b", ticket: 3, isNew: false, instance: "ib")
        #expect(self.rig.joins[2]?.members.map(\.id) == ["a2", "b"])
    }

    @Test mutating func aStaticMemberIsAwaitedUntilItsSessionEnds() {
        self.rig = .stable("a", "b", instances: ["b": "ib"])
        self.rig.join("a", ticket: 1, isNew: false, metadata: "changed", rebalance: 5_000)
        self.rig.pass(9_000)
        #expect(self.rig.heartbeat("b", instance: "ib") == .rebalanceInProgress)
        self.rig.pass(60_000)
        // Its session is over, so it is removed.
        #expect(self.rig.joins[1]?.members.map(\.id) == ["a"])
    }

    @Test mutating func aStaticMemberThatDoesNotRejoinStaysInTheNextGeneration() {
        var limits = ClassicGroup.Limits()
        limits.sessionTimeouts = 1...1_000_000
        self.rig = GroupRig(limits)
        self.rig.join("a", ticket: 1, session: 500_000, rebalance: 1_000)
        self.rig.sync("a", ticket: 2)
        self.rig.join("b", ticket: 3, instance: "ib", session: 500_000, rebalance: 1_000)
        self.rig.join("a", ticket: 4, isNew: false, session: 500_000, rebalance: 1_000)
        self.rig.sync("b", ticket: 5, instance: "ib")
        self.rig.sync("a", ticket: 6)
        self.rig.join(
            "a", ticket: 7, isNew: false, metadata: "changed", session: 500_000, rebalance: 1_000)
        self.rig.pass(1_000)
        #expect(self.rig.joins[7]?.members.map(\.id) == ["a", "b"])
    }

    // MARK: Moving the coordinator

    @Test mutating func aNewCoordinatorKnowsTheLastCompleteGeneration() {
        self.rig = .stable("a", "b")
        let generation = self.rig.group.generation
        self.rig.join("c", ticket: 1)
        self.rig.take(self.rig.group.moveToNewCoordinator(now: self.rig.now))
        #expect(self.rig.joins[1]?.error == .notCoordinator)
        #expect(self.rig.group.state == .stable)
        #expect(self.rig.group.generation == generation)
        #expect(self.rig.heartbeat("a") == .none)
        self.rig.sync("b", ticket: 2)
        #expect(self.rig.syncs[2]?.assignment == "b")
        #expect(self.rig.heartbeat("c") == .unknownMemberId)
    }

    @Test mutating func aMemberThatWaitsForAnAssignmentIsSentToTheNewCoordinator() {
        self.rig.join("a", ticket: 1)
        self.rig.join("b", ticket: 2)
        self.rig.rejoin("a", ticket: 3)
        self.rig.sync("b", ticket: 4)
        self.rig.take(self.rig.group.moveToNewCoordinator(now: self.rig.now))
        #expect(self.rig.syncs[4]?.error == .notCoordinator)
        // Nothing had been persisted yet.
        #expect(self.rig.group.state == .empty)
        #expect(self.rig.group.members.isEmpty)
    }

    @Test mutating func onlyAnEmptyGroupCanBeDeletedAndIsDeadThen() {
        self.rig = .stable("a")
        #expect(self.rig.group.delete() == .nonEmptyGroup)
        _ = self.rig.leave("a")
        #expect(self.rig.group.delete() == .none)
        #expect(self.rig.group.delete() == .groupIdNotFound)
        self.rig.join("b", ticket: 1)
        #expect(self.rig.joins[1]?.error == .coordinatorNotAvailable)
        self.rig.sync("b", ticket: 2)
        #expect(self.rig.syncs[2]?.error == .coordinatorNotAvailable)
        #expect(self.rig.commit("b") == .coordinatorNotAvailable)
        #expect(self.rig.leave("b") == .coordinatorNotAvailable)
    }
}
