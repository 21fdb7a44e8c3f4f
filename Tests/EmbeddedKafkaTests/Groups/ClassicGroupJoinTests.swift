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

@Suite(.timeLimit(.minutes(2))) struct ClassicGroupJoinTests {
    private var rig = GroupRig()

    @Test mutating func theFirstMemberLeadsAndSeesTheMembers() {
        self.rig.join("a", ticket: 1, metadata: "wants t")
        let answer = self.rig.joins[1]
        #expect(answer?.error == ErrorCode.none)
        #expect(answer?.generation == 1)
        #expect(answer?.memberID == "a")
        #expect(answer?.leaderID == "a")
        #expect(answer?.protocolName == "range")
        #expect(answer?.members == [.init(id: "a", instanceID: nil, metadata: "wants t")])
        #expect(self.rig.group.state == .completingRebalance)
    }

    @Test mutating func aMemberWithoutAnIDIsGivenOneAndJoinsWithIt() {
        self.rig.join("a", ticket: 1, requiresID: true)
        #expect(self.rig.joins[1]?.error == .memberIdRequired)
        #expect(self.rig.joins[1]?.memberID == "a")
        #expect(self.rig.group.state == .empty)
        self.rig.rejoin("a", ticket: 2)
        #expect(self.rig.joins[2]?.generation == 1)
        #expect(self.rig.group.pendingMembers.isEmpty)
    }

    @Test mutating func anUnusedMemberIDIsForgottenAfterTheSessionTimeout() {
        self.rig.join("a", ticket: 1, requiresID: true)
        self.rig.pass(10_000)
        self.rig.rejoin("a", ticket: 2)
        #expect(self.rig.joins[2]?.error == .unknownMemberId)
    }

    @Test mutating func aSecondMemberWaitsUntilTheFirstJoinsAgain() {
        self.rig = .stable("a")
        self.rig.join("b", ticket: 1)
        #expect(self.rig.joins[1] == nil)
        #expect(self.rig.group.state == .preparingRebalance)
        #expect(self.rig.heartbeat("a") == .rebalanceInProgress)
        self.rig.rejoin("a", ticket: 2)
        #expect(self.rig.joins[1]?.generation == 2)
        #expect(self.rig.joins[1]?.leaderID == "a")
        #expect(self.rig.joins[1]?.members == [])
        #expect(self.rig.joins[2]?.members.map(\.id) == ["a", "b"])
    }

    @Test mutating func aRebalanceWaitsForMembersThatWereGivenAnID() {
        self.rig = .stable("a")
        self.rig.join("b", ticket: 1, requiresID: true)
        self.rig.join("c", ticket: 2)
        self.rig.rejoin("a", ticket: 3)
        #expect(self.rig.joins[3] == nil)
        self.rig.rejoin("b", ticket: 4)
        #expect(self.rig.joins[3]?.members.map(\.id) == ["a", "c", "b"])
    }

    @Test mutating func aMemberThatDoesNotRejoinInTimeIsRemoved() {
        self.rig = .stable("a", "b")
        self.rig.rejoin("a", ticket: 1, metadata: "changed")
        for _ in 0..<7 {
            self.rig.pass(8_000)
            #expect(self.rig.joins[1] == nil)
            #expect(self.rig.heartbeat("b") == .rebalanceInProgress)
        }
        self.rig.pass(8_000)
        #expect(self.rig.joins[1]?.members.map(\.id) == ["a"])
        #expect(self.rig.heartbeat("b") == .unknownMemberId)
    }

    @Test mutating func anotherMemberLeadsIfTheLeaderDoesNotRejoin() {
        self.rig = .stable("a", "b")
        #expect(self.rig.group.leaderID == "a")
        self.rig.rejoin("b", ticket: 1, metadata: "changed")
        self.rig.pass(60_000)
        #expect(self.rig.joins[1]?.leaderID == "b")
        #expect(self.rig.joins[1]?.members.map(\.id) == ["b"])
    }

    @Test mutating func aStableMemberThatRejoinsGetsItsGenerationAndTheLeaderARebalance() {
        self.rig = .stable("a", "b")
        let generation = self.rig.group.generation
        self.rig.rejoin("b", ticket: 1)
        #expect(self.rig.joins[1]?.generation == generation)
        #expect(self.rig.group.state == .stable)
        self.rig.rejoin("a", ticket: 2)
        #expect(self.rig.joins[2] == nil)
        #expect(self.rig.group.state == .preparingRebalance)
    }

    @Test mutating func changedMetadataOfAMemberStartsARebalance() {
        self.rig = .stable("a", "b")
        self.rig.rejoin("b", ticket: 1, metadata: "changed")
        #expect(self.rig.group.state == .preparingRebalance)
        #expect(self.rig.joins[1] == nil)
    }

    @Test mutating func joiningAgainBeforeSyncGetsTheSameAnswer() {
        self.rig.join("a", ticket: 1)
        self.rig.rejoin("a", ticket: 2)
        #expect(self.rig.joins[2] == self.rig.joins[1])
        #expect(self.rig.group.generation == 1)
    }

    @Test mutating func changedMetadataBeforeSyncStartsARebalance() {
        self.rig.join("a", ticket: 1)
        self.rig.rejoin("a", ticket: 2, metadata: "changed")
        #expect(self.rig.joins[2]?.generation == 2)
    }

    @Test mutating func theCommonProtocolWithTheMostVotesIsSelected() {
        self.rig.join("a", ticket: 1, protocols: ["range", "sticky", "roundrobin"])
        self.rig.join("b", ticket: 2, protocols: ["sticky", "range"])
        self.rig.join("c", ticket: 3, protocols: ["sticky", "range", "other"])
        self.rig.rejoin("a", ticket: 4, protocols: ["range", "sticky", "roundrobin"])
        #expect(self.rig.joins[4]?.protocolName == "sticky")
    }

    @Test mutating func aMemberWithoutACommonProtocolIsRefused() {
        self.rig.join("a", ticket: 1, protocols: ["range"])
        self.rig.join("b", ticket: 2, protocols: ["sticky"])
        #expect(self.rig.joins[2]?.error == .inconsistentGroupProtocol)
        self.rig.join("c", ticket: 3, type: "connect")
        #expect(self.rig.joins[3]?.error == .inconsistentGroupProtocol)
        self.rig.join("d", ticket: 4, protocols: [])
        #expect(self.rig.joins[4]?.error == .inconsistentGroupProtocol)
        self.rig.join("e", ticket: 5, type: "")
        #expect(self.rig.joins[5]?.error == .inconsistentGroupProtocol)
    }

    @Test mutating func anEmptyGroupAcceptsAnotherProtocolType() {
        self.rig = .stable("a")
        #expect(self.rig.leave("a") == .none)
        self.rig.join("b", ticket: 1, type: "connect")
        #expect(self.rig.joins[1]?.error == ErrorCode.none)
        #expect(self.rig.joins[1]?.protocolType == "connect")
    }

    @Test mutating func sessionTimeoutsHaveLimits() {
        self.rig.join("a", ticket: 1, session: 5_999)
        #expect(self.rig.joins[1]?.error == .invalidSessionTimeout)
        self.rig.join("a", ticket: 2, session: 1_800_001)
        #expect(self.rig.joins[2]?.error == .invalidSessionTimeout)
    }

    @Test mutating func unknownMemberIDsAreRefused() {
        self.rig.rejoin("x", ticket: 1)
        #expect(self.rig.joins[1]?.error == .unknownMemberId)
        self.rig = .stable("a")
        self.rig.rejoin("x", ticket: 1)
        #expect(self.rig.joins[1]?.error == .unknownMemberId)
        #expect(self.rig.group.state == .stable)
    }

    @Test mutating func aFullGroupRefusesNewMembers() {
        self.rig = .stable("a", "b", limits: .init(maxSize: 2))
        self.rig.join("c", ticket: 1)
        #expect(self.rig.joins[1]?.error == .groupMaxSizeReached)
        self.rig.rejoin("b", ticket: 2)
        #expect(self.rig.joins[2]?.error == ErrorCode.none)
    }

    @Test mutating func aNewMemberIsRemovedAfterFiveMinutesWithoutAnAnswer() {
        self.rig = .stable("a")
        self.rig.join("b", ticket: 1, rebalance: 10_000_000)
        for _ in 0..<299 {
            self.rig.pass(1_000)
            #expect(self.rig.heartbeat("a") == .rebalanceInProgress)
        }
        #expect(self.rig.joins[1] == nil)
        self.rig.pass(1_000)
        #expect(self.rig.joins[1]?.error == .unknownMemberId)
    }

    @Test mutating func anEmptyGroupWaitsForMoreMembersIfConfigured() {
        self.rig = GroupRig(.init(initialRebalanceDelay: 3_000))
        self.rig.join("a", ticket: 1)
        #expect(self.rig.joins[1] == nil)
        self.rig.pass(2_000)
        self.rig.join("b", ticket: 2)
        self.rig.pass(1_000)
        // A member has joined, so the group waits once more.
        #expect(self.rig.joins[1] == nil)
        self.rig.pass(3_000)
        #expect(self.rig.joins[1]?.members.map(\.id) == ["a", "b"])
    }
}
