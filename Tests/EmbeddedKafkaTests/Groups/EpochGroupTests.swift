// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Testing

@testable import EmbeddedKafka

@Suite(.timeLimit(.minutes(2))) struct EpochGroupTests {
    private var rig = EpochGroupRig()

    @Test mutating func theFirstMemberGetsAllPartitionsAtOnce() throws {
        let answer = try self.rig.join("a")
        #expect(answer.assignment?.map(\.index) == [0, 1, 2, 3])
        #expect(answer.epoch == self.rig.group.epoch)
        #expect(self.rig.group.state == .stable)
        #expect(try self.rig.heartbeat("a").assignment == nil)
        #expect(try self.rig.heartbeat("a") { $0.owned = [] }.assignment == nil)
    }

    @Test mutating func aPartitionMovesAfterItsOwnerHasStoppedNamingIt() throws {
        let first = try self.rig.join("a").epoch
        #expect(try self.rig.join("b").assignment == [])
        let all = self.rig.owned["a"]
        let asked = try self.rig.heartbeat("a")
        #expect(asked.epoch == first)
        #expect(asked.assignment?.count == 2)
        #expect(try self.rig.heartbeat("a") { $0.owned = all }.epoch == first)
        #expect(try self.rig.settle("b").assignment == nil)
        #expect(self.rig.group.state == .reconciling)
        #expect(try self.rig.settle("a").epoch == self.rig.group.epoch)
        #expect(try self.rig.settle("b").assignment?.count == 2)
        #expect(self.rig.group.state == .stable)
    }

    @Test mutating func aMemberThatDoesNotGiveUpInTimeIsRemoved() throws {
        try self.rig.join("a") { $0.rebalanceTimeout = 1000 }
        try self.rig.join("b")
        try self.rig.heartbeat("a")
        self.rig.pass(999)
        #expect(self.rig.group.members["a"] != nil)
        self.rig.pass(1)
        #expect(self.rig.group.members["a"] == nil)
        #expect(throws: BrokerError(.unknownMemberId, "a is no member of the group.")) { try self.rig.settle("a") }
        #expect(try self.rig.settle("b").assignment?.count == 4)
    }

    /// A member of the classic protocol has no deadline for giving up partitions. If it goes on in the consumer protocol meanwhile, it
    /// is given one, as by Kafka, by the next change of what it has to give up or by the next coordinator.
    @Test(arguments: ["subscription", "coordinator"])
    mutating func aFormerClassicMemberHasToGiveUpInTime(change: String) throws {
        self.rig = EpochGroupRig(.init(sessionTimeout: 1_000_000), topics: ["t": 4, "u": 1])
        try self.rig.join("a", ["t", "u"]) { $0.rebalanceTimeout = 1000 }
        try self.rig.join("b", ["t", "u"])
        try self.rig.heartbeat("a")
        self.rig.group.members["a"]?.rebalanceDeadline = nil
        self.rig.pass(5000)
        if change == "coordinator" {
            self.rig.group.moveToNewCoordinator(now: self.rig.now)
        } else {
            try self.rig.heartbeat("a") { $0.topics = [] }
        }
        self.rig.pass(999)
        #expect(self.rig.group.members["a"] != nil)
        self.rig.pass(1)
        #expect(self.rig.group.members["a"] == nil)
        #expect(try self.rig.settle("b").assignment?.count == 5)
    }

    @Test mutating func aSilentMemberIsRemovedAfterTheSessionTimeout() throws {
        self.rig = EpochGroupRig(.init(sessionTimeout: 1000))
        try self.rig.join("a")
        self.rig.pass(900)
        try self.rig.heartbeat("a")
        self.rig.pass(999)
        #expect(self.rig.group.state == .stable)
        #expect(self.rig.group.nextDeadline == 1900)
        self.rig.pass(1)
        #expect(self.rig.group.state == .empty)
    }

    @Test mutating func aMemberWithAnotherEpochIsFenced() throws {
        let first = try self.rig.join("a").epoch
        try self.rig.join("b")
        let all = self.rig.owned["a"]
        try self.rig.heartbeat("a")
        try self.rig.settle("a")
        let half = self.rig.owned["a"]
        func code(_ epoch: Int32, _ owned: Set<GroupPartition>?, _ rig: inout EpochGroupRig) -> ErrorCode {
            do throws(BrokerError) {
                try rig.heartbeat("a") { ($0.epoch, $0.owned) = (epoch, owned) }
                return .none
            } catch {
                return error.code
            }
        }
        #expect(code(first + 5, half, &self.rig) == .fencedMemberEpoch)
        #expect(code(first, nil, &self.rig) == .fencedMemberEpoch)
        #expect(code(first, all, &self.rig) == .fencedMemberEpoch)
        #expect(code(first, half, &self.rig) == .none)
        #expect(code(0, half, &self.rig) == .none)
    }

    @Test mutating func aStaticMemberReturnsToItsPartitions() throws {
        try self.rig.join("a") { $0.instanceID = "i" }
        try self.rig.join("b") { $0.instanceID = "j" }
        try self.rig.heartbeat("a") { $0.instanceID = "i" }
        try self.rig.settleAll()
        let epoch = self.rig.group.epoch
        let owned = self.rig.owned["a"]
        #expect(throws: BrokerError.self) { try self.rig.join("c") { $0.instanceID = "i" } }
        try self.rig.leave("a", for: -2, instance: "i")
        #expect(try self.rig.join("c") { $0.instanceID = "i" }.assignment.map { Set($0) } == owned)
        #expect(self.rig.group.epoch == epoch)
        #expect(self.rig.group.members.keys.sorted() == ["b", "c"])
        #expect(self.rig.group.state == .stable)
    }

    @Test mutating func newPartitionsAndDeletedTopicsChangeTheTarget() throws {
        self.rig = EpochGroupRig(topics: ["t": 1, "u": 1, "other": 1])
        let first = try self.rig.join("a", ["t", "u"]).epoch
        self.rig.setTopic("other", 2)
        #expect(try self.rig.settle("a").epoch == first)
        self.rig.setTopic("t", 3)
        let answer = try self.rig.settle("a")
        #expect(answer.epoch == first + 1)
        #expect(answer.assignment?.count == 4)
        self.rig.topics.remove("u")
        #expect(try self.rig.settle("a").assignment.map { Set($0) } == self.rig.partitions("t", 0, 1, 2))
    }

    @Test mutating func aPatternFollowsTheTopics() throws {
        self.rig = EpochGroupRig(topics: ["orders": 1, "orders-eu": 1, "invoices": 1])
        let answer = try self.rig.join("a", []) { $0.pattern = "orders.*" }
        #expect(answer.assignment?.count == 2)
        self.rig.setTopic("orders-us", 1)
        #expect(try self.rig.settle("a").assignment?.count == 3)
        #expect(try self.rig.heartbeat("a") { $0.pattern = "" }.assignment?.isEmpty == true)
        for pattern in ["(", "(?=a)b", "(a)\\1", "[z-a]"] {
            #expect(throws: BrokerError(.invalidRegularExpression, "The pattern \(pattern) can't be read.")) {
                try self.rig.heartbeat("a") { $0.pattern = pattern }
            }
        }
        #expect(try self.rig.heartbeat("a") { $0.pattern = #"inv\w+s|\\"# }.epoch > 0)
    }

    @Test mutating func aFullGroupTakesNoNewMember() throws {
        self.rig = EpochGroupRig(.init(maxSize: 1))
        try self.rig.join("a") { $0.instanceID = "i" }
        #expect(throws: BrokerError.self) { try self.rig.join("b") }
        try self.rig.leave("a", for: -2, instance: "i")
        try self.rig.join("c") { $0.instanceID = "i" }
    }

    @Test mutating func aMemberThatIsBehindCommitsWhatItHasHadSince() throws {
        let first = try self.rig.join("a").epoch
        try self.rig.join("b")
        try self.rig.heartbeat("a")
        try self.rig.settleAll()
        let a = try #require(self.rig.owned["a"]?.first)
        let b = try #require(self.rig.owned["b"]?.first)
        func code(_ member: String, _ epoch: Int32, _ partition: GroupPartition) throws(BrokerError) -> ErrorCode {
            try self.rig.group.commitCheck(memberID: member, instanceID: nil, epoch: epoch, version: 9)(partition)
        }
        #expect(try code("a", first, a) == .none)
        #expect(try code("a", first, b) == .staleMemberEpoch)
        #expect(try code("b", self.rig.group.epoch, b) == .none)
        #expect(try code("b", first, b) == .staleMemberEpoch)
        #expect(throws: BrokerError(.staleMemberEpoch)) { _ = try code("a", self.rig.group.epoch + 1, a) }
        #expect(throws: BrokerError(.unknownMemberId)) { _ = try code("x", first, a) }
    }

    @Test mutating func sessionsBeginAgainAtANewCoordinator() throws {
        self.rig = EpochGroupRig(.init(sessionTimeout: 1000))
        try self.rig.join("a")
        self.rig.now = 900
        self.rig.group.moveToNewCoordinator(now: self.rig.now)
        self.rig.pass(999)
        #expect(self.rig.group.members.count == 1)
        self.rig.pass(1)
        #expect(self.rig.group.members.isEmpty)
    }
}
