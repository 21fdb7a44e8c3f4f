// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

@testable import EmbeddedKafka

/// A group of the consumer protocol with a clock, topics, and members that give up what they are told to.
struct EpochGroupRig {
    var group: EpochGroup
    var topics = GroupTopics()
    var now: Int64 = 0
    /// The members' epochs and partitions, as they know them.
    var epochs: [String: Int32] = [:]
    var owned: [String: Set<GroupPartition>] = [:]

    init(_ limits: EpochGroup.Limits = EpochGroup.Limits(), topics: KeyValuePairs<String, Int32> = ["t": 4]) {
        self.group = EpochGroup(limits: limits)
        for (name, partitions) in topics { self.setTopic(name, partitions) }
    }

    /// Creates a topic, or changes the number of its partitions.
    mutating func setTopic(_ name: String, _ partitions: Int32) {
        let id = self.topics.byName[name]?.id ?? KafkaUUID(high: 1, low: UInt64(self.topics.version) + 1)
        self.topics.set(name, GroupTopics.Topic(id: id, partitions: partitions))
    }

    func partitions(_ topic: String, _ indexes: Int32...) -> Set<GroupPartition> {
        Set(indexes.map { GroupPartition(topic: self.topics.byName[topic]?.id ?? .zero, index: $0) })
    }

    /// Sends a heartbeat, and does what the answer says.
    @discardableResult
    mutating func heartbeat(
        _ id: String, _ change: (inout EpochGroup.Heartbeat) -> Void = { _ in }
    ) throws(BrokerError) -> EpochGroup.HeartbeatAnswer {
        var heartbeat = EpochGroup.Heartbeat(memberID: id, epoch: self.epochs[id] ?? 0)
        change(&heartbeat)
        let answer = try self.group.heartbeat(
            heartbeat, newMemberID: "new", self.topics, isVisible: { _ in true }, now: self.now)
        self.epochs[answer.memberID] = answer.epoch
        if let assignment = answer.assignment { self.owned[answer.memberID] = Set(assignment) }
        return answer
    }

    @discardableResult
    mutating func join(
        _ id: String, _ topics: Set<String> = ["t"], _ change: (inout EpochGroup.Heartbeat) -> Void = { _ in }
    ) throws(BrokerError) -> EpochGroup.HeartbeatAnswer {
        try self.heartbeat(id) { heartbeat in
            heartbeat.epoch = 0
            heartbeat.rebalanceTimeout = 60_000
            heartbeat.topics = topics
            heartbeat.owned = []
            change(&heartbeat)
        }
    }

    /// Sends a heartbeat with the partitions that the member has.
    @discardableResult
    mutating func settle(_ id: String) throws(BrokerError) -> EpochGroup.HeartbeatAnswer {
        let owned = self.owned[id] ?? []
        return try self.heartbeat(id) { $0.owned = owned }
    }

    /// Lets all members send heartbeats until the group is stable.
    mutating func settleAll() throws(BrokerError) {
        for _ in 0..<10 where self.group.state != .stable {
            for id in self.group.membersInOrder.map(\.id) { try self.settle(id) }
        }
    }

    mutating func leave(_ id: String, for epoch: Int32 = -1, instance: String? = nil) throws(BrokerError) {
        try self.heartbeat(id) {
            $0.epoch = epoch
            $0.instanceID = instance
        }
        self.owned[id] = nil
        self.epochs[id] = nil
    }

    mutating func pass(_ milliseconds: Int64) {
        self.now += milliseconds
        self.group.advance(to: self.now)
    }
}
