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

@Suite(.timeLimit(.minutes(2))) struct ClassicGroupSyncTests {
    private var rig = GroupRig()

    /// Returns a group of two members that have joined and not yet synced. "a" leads.
    private static func joined() -> GroupRig {
        var rig = GroupRig.stable("a")
        rig.join("b", ticket: 1)
        rig.rejoin("a", ticket: 2)
        return rig
    }

    @Test mutating func everyMemberGetsWhatTheLeaderAssigns() {
        self.rig = Self.joined()
        self.rig.sync("b", ticket: 3)
        #expect(self.rig.syncs[3] == nil)
        self.rig.sync("a", ticket: 4, assignments: ["a": "for a", "b": "for b"])
        #expect(self.rig.syncs[3]?.assignment == "for b")
        #expect(self.rig.syncs[4]?.assignment == "for a")
        #expect(self.rig.syncs[3]?.protocolName == "range")
        #expect(self.rig.group.state == .stable)
        self.rig.sync("b", ticket: 5)
        #expect(self.rig.syncs[5]?.assignment == "for b")
    }

    @Test mutating func aMemberThatTheLeaderOmitsGetsNothing() {
        self.rig = Self.joined()
        self.rig.sync("b", ticket: 3)
        self.rig.sync("a", ticket: 4, assignments: ["a": "all"])
        #expect(self.rig.syncs[3] == .init(protocolType: "consumer", protocolName: "range", assignment: Bytes()))
    }

    @Test mutating func aRebalanceEndsTheWaitForAnAssignment() {
        self.rig = Self.joined()
        self.rig.sync("b", ticket: 3)
        self.rig.join("c", ticket: 4)
        #expect(self.rig.syncs[3]?.error == .rebalanceInProgress)
        #expect(self.rig.joins[4] == nil)
        self.rig.sync("a", ticket: 5)
        #expect(self.rig.syncs[5]?.error == .rebalanceInProgress)
    }

    @Test mutating func aMemberThatDoesNotSyncInTimeIsRemoved() {
        self.rig = Self.joined()
        self.rig.sync("b", ticket: 3)
        for _ in 0..<7 {
            self.rig.pass(8_000)
            #expect(self.rig.heartbeat("a") == .none)
        }
        self.rig.pass(4_000)
        #expect(self.rig.syncs[3]?.error == .rebalanceInProgress)
        #expect(self.rig.heartbeat("a") == .unknownMemberId)
        self.rig.rejoin("b", ticket: 5)
        #expect(self.rig.joins[5]?.leaderID == "b")
    }

    @Test mutating func invalidSyncsAreRefused() {
        self.rig = Self.joined()
        self.rig.sync("x", ticket: 3)
        #expect(self.rig.syncs[3]?.error == .unknownMemberId)
        self.rig.sync("b", ticket: 4, generation: 1)
        #expect(self.rig.syncs[4]?.error == .illegalGeneration)
        self.rig.sync("b", ticket: 5, protocolName: "sticky")
        #expect(self.rig.syncs[5]?.error == .inconsistentGroupProtocol)
        self.rig.sync("b", ticket: 6, instance: "i")
        #expect(self.rig.syncs[6]?.error == .unknownMemberId)
    }

    @Test mutating func heartbeatsAreAnsweredInEachState() {
        #expect(self.rig.heartbeat("a") == .unknownMemberId)
        self.rig.join("a", ticket: 1)
        #expect(self.rig.heartbeat("a") == .none)
        self.rig.sync("a", ticket: 2, assignments: ["a": "all"])
        #expect(self.rig.heartbeat("a") == .none)
        #expect(self.rig.heartbeat("a", generation: 0) == .illegalGeneration)
        #expect(self.rig.heartbeat("x") == .unknownMemberId)
        self.rig.join("b", ticket: 3)
        #expect(self.rig.heartbeat("a") == .rebalanceInProgress)
        self.rig = .stable("a")
        #expect(self.rig.leave("a") == .none)
        #expect(self.rig.group.delete() == .none)
        #expect(self.rig.heartbeat("a") == .coordinatorNotAvailable)
    }

    @Test mutating func aSessionEndsWithoutHeartbeats() {
        self.rig = .stable("a", "b")
        self.rig.pass(9_999)
        #expect(self.rig.heartbeat("a") == .none)
        #expect(self.rig.group.nextDeadline == 10_000)
        self.rig.pass(1)
        #expect(self.rig.group.members.map(\.id) == ["a"])
        #expect(self.rig.heartbeat("a") == .rebalanceInProgress)
    }

    @Test mutating func noMemberExpiresWhileItWaitsForAnAnswer() {
        self.rig = .stable("a", "b")
        self.rig.rejoin("a", ticket: 1)
        self.rig.pass(9_000)
        #expect(self.rig.heartbeat("b") == .rebalanceInProgress)
        self.rig.pass(9_000)
        self.rig.rejoin("b", ticket: 2)
        #expect(self.rig.joins[1]?.members.map(\.id) == ["a", "b"])
        self.rig.sync("b", ticket: 3)
        self.rig.pass(9_000)
        #expect(self.rig.heartbeat("a") == .none)
        self.rig.pass(9_000)
        self.rig.sync("a", ticket: 4, assignments: ["b": "x"])
        #expect(self.rig.syncs[3]?.assignment == "x")
    }

    @Test mutating func commitsAreAnsweredInEachState() {
        // Without a member id, a commit is allowed while the group is empty.
        #expect(self.rig.commit("", generation: -1) == .none)
        self.rig.join("a", ticket: 1)
        #expect(self.rig.commit("a") == .rebalanceInProgress)
        #expect(self.rig.commit("", generation: -1) == .unknownMemberId)
        self.rig.sync("a", ticket: 2, assignments: ["a": "all"])
        #expect(self.rig.commit("a") == .none)
        #expect(self.rig.commit("a", generation: 7) == .illegalGeneration)
        #expect(self.rig.commit("x") == .unknownMemberId)
        self.rig.join("b", ticket: 3)
        // Before it rejoins, a member may commit the partitions that it is about to give up.
        #expect(self.rig.commit("a") == .none)
    }

    @Test mutating func aCommitKeepsTheSessionAlive() {
        self.rig = .stable("a")
        self.rig.pass(9_000)
        #expect(self.rig.commit("a") == .none)
        self.rig.pass(9_000)
        #expect(self.rig.heartbeat("a") == .none)
    }
}
