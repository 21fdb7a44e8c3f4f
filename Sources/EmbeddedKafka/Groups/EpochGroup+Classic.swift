// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Members that use the classic protocol in a group of the consumer protocol, while an application changes from one to the
/// other. To them the group looks like a classic one: they join, are told to join again when their assignment changes, and
/// are given their assignment by SyncGroup. They never lead.
extension EpochGroup {
    /// What the coordinator knows of a member that uses the classic protocol.
    struct ClassicMember: Sendable {
        var sessionTimeout: Milliseconds
        var protocols: [ClassicGroup.Supported]
        /// The time by which the member must have joined again.
        var joinDeadline: Milliseconds?
        /// The time by which the member must have sent SyncGroup.
        var syncDeadline: Milliseconds?

        /// The version in which the member reads and writes subscriptions and assignments.
        var version: Int16 {
            self.protocols.first.flatMap { ConsumerProtocolSubscription.read($0.metadata) }?.version ?? 0
        }
    }

    /// Whether all members use the classic protocol, so that the group becomes a classic one.
    var isToBecomeClassic: Bool {
        self.limits.becomesClassic && !self.members.isEmpty && self.members.count <= self.limits.maxClassicSize
            && self.members.values.allSatisfy { $0.classic != nil }
    }

    mutating func join(
        _ request: ClassicGroup.JoinRequest, newMemberID: String, _ topics: GroupTopics, isVisible: (String) -> Bool,
        now: Milliseconds
    ) throws(BrokerError) -> ClassicGroup.JoinAnswer {
        try self.checkRoom(memberID: request.memberID, instanceID: request.instanceID)
        guard self.supports(request), let first = request.protocols.first,
            let (subscription, _) = ConsumerProtocolSubscription.read(first.metadata)
        else { throw BrokerError(.inconsistentGroupProtocol) }
        if request.memberID.isEmpty, request.instanceID == nil, request.requiresKnownMemberID {
            return ClassicGroup.JoinAnswer(error: .memberIdRequired, memberID: newMemberID)
        }
        let old = try self.sender(of: request, newMemberID: newMemberID)
        var member = old
        member.instanceID = request.instanceID ?? old.instanceID
        member.rack = subscription.rackId ?? old.rack
        member.rebalanceTimeout = request.rebalanceTimeout
        member.topics = Set(subscription.topics)
        member.pattern = nil
        member.assignor = nil
        member.clientID = request.clientID
        member.clientHost = request.clientHost
        member.rebalanceDeadline = nil
        member.classic = ClassicMember(sessionTimeout: request.sessionTimeout, protocols: request.protocols)
        if member.order == 0 { member.order = self.takeOrder() }
        self.store(member)
        self.refresh(topics, isVisible, isChanged: member.topics != old.topics || old.pattern != nil)
        let owned = subscription.ownedPartitions.flatMap { part in
            let id = topics.byName[part.topic]?.id
            return id.map { id in part.partitions.map { GroupPartition(topic: id, index: $0) } } ?? []
        }
        self.reconcile(member.id, owned: Set(owned), now: now)
        self.touch(member.id, now: now)
        self.members[member.id]?.classic?.syncDeadline = now + request.rebalanceTimeout
        return ClassicGroup.JoinAnswer(
            memberID: member.id, generation: self.members[member.id]?.epoch ?? -1, protocolType: "consumer",
            protocolName: first.name)
    }

    /// Returns the member that joins. A static member takes the place of the one with its instance ID.
    private mutating func sender(
        of request: ClassicGroup.JoinRequest, newMemberID: String
    ) throws(BrokerError) -> Member {
        guard let instanceID = request.instanceID else {
            let id = request.memberID.isEmpty ? newMemberID : request.memberID
            return self.members[id] ?? Member(id: id)
        }
        guard request.memberID.isEmpty else { return try self.member(request.memberID, instanceID) }
        guard let known = self.staticMember(instanceID) else { return Member(id: newMemberID) }
        var successor = known
        successor.id = newMemberID
        successor.epoch = 0
        successor.previousEpoch = 0
        self.replace(known, by: newMemberID)
        return successor
    }

    /// Returns whether the member and all others of the classic protocol have one of its protocols in common.
    private func supports(_ request: ClassicGroup.JoinRequest) -> Bool {
        guard request.protocolType == "consumer", !request.protocols.isEmpty else { return false }
        let others = self.members.values.compactMap(\.classic)
        return others.isEmpty
            || request.protocols.contains { wanted in
                others.allSatisfy { $0.protocols.contains { $0.name == wanted.name } }
            }
    }

    mutating func sync(
        _ request: ClassicGroup.SyncRequest, _ topics: GroupTopics, now: Milliseconds
    ) throws(BrokerError) -> ClassicGroup.SyncAnswer {
        let (member, classic) = try self.classicMember(request.memberID, request.instanceID, request.generation)
        let name = classic.protocols.first?.name
        if let type = request.protocolType, type != "consumer" { throw BrokerError(.inconsistentGroupProtocol) }
        if let wanted = request.protocolName, wanted != name { throw BrokerError(.inconsistentGroupProtocol) }
        if self.assignmentEpoch > member.epoch, member.state != .unrevoked {
            self.expectJoin(of: member, now: now)
            throw BrokerError(.rebalanceInProgress)
        }
        self.touch(member.id, now: now)
        self.members[member.id]?.classic?.syncDeadline = nil
        return ClassicGroup.SyncAnswer(
            protocolType: "consumer", protocolName: name,
            assignment: Self.assignment(of: member, topics).written(version: classic.version))
    }

    static func assignment(of member: Member, _ topics: GroupTopics) -> ConsumerProtocolAssignment {
        var assignment = ConsumerProtocolAssignment()
        for partition in member.assigned.keys.sorted() {
            guard let name = topics.names[partition.topic] else { continue }
            if assignment.assignedPartitions.last?.topic != name {
                var topic = ConsumerProtocolAssignment.TopicPartition()
                topic.topic = name
                assignment.assignedPartitions.append(topic)
            }
            assignment.assignedPartitions[assignment.assignedPartitions.count - 1].partitions.append(partition.index)
        }
        return assignment
    }

    mutating func heartbeat(
        memberID: String, instanceID: String?, generation: Int32, now: Milliseconds
    ) throws(BrokerError) {
        let (member, _) = try self.classicMember(memberID, instanceID, generation)
        self.touch(member.id, now: now)
        let hasToJoin =
            member.epoch < self.assignmentEpoch || member.state == .unrevoked
            || member.state == .unreleased && !self.isWaiting(member)
        guard hasToJoin else { return }
        self.expectJoin(of: member, now: now)
        throw BrokerError(.rebalanceInProgress)
    }

    /// Returns whether a partition that the member is to have is still with another one.
    private func isWaiting(_ member: Member) -> Bool {
        (self.target[member.id] ?? []).contains { member.assigned[$0] == nil && self.holders[$0] != nil }
    }

    private mutating func expectJoin(of member: Member, now: Milliseconds) {
        guard member.classic?.joinDeadline == nil else { return }
        self.members[member.id]?.classic?.joinDeadline = now + member.rebalanceTimeout
    }

    /// Returns the member of a request, which must use the classic protocol and have the generation.
    private func classicMember(
        _ memberID: String, _ instanceID: String?, _ generation: Int32
    ) throws(BrokerError) -> (Member, ClassicMember) {
        let found = if let instanceID { try self.member(memberID, instanceID) } else { self.members[memberID] }
        guard let found, let classic = found.classic else { throw BrokerError(.unknownMemberId) }
        guard generation == found.epoch else { throw BrokerError(.illegalGeneration) }
        return (found, classic)
    }

    /// Removes members by LeaveGroup. Returns a result for each in order.
    mutating func leave(_ leavers: [ClassicGroup.Leaver]) -> [ErrorCode] {
        var leaving: Set<String> = []
        let results = leavers.map { leaver -> ErrorCode in
            var found = self.members[leaver.memberID]
            if let instanceID = leaver.instanceID {
                found = self.staticMember(instanceID)
                if let found, !leaver.memberID.isEmpty, found.id != leaver.memberID { return .fencedInstanceId }
            }
            guard let found else { return .unknownMemberId }
            leaving.insert(found.id)
            return .none
        }
        self.remove(leaving)
        return results
    }

    // MARK: From one protocol to the other

    /// Makes a group of the consumer protocol of a classic group: its generation becomes the epoch, and what its members have
    /// is the target.
    init(_ classic: ClassicGroup, limits: Limits, _ topics: GroupTopics, now: Milliseconds) throws(BrokerError) {
        self.init(limits: limits)
        self.epoch = classic.generation
        self.assignmentEpoch = classic.generation
        for old in classic.members {
            let name = classic.protocolName ?? old.protocols.first?.name ?? ""
            guard let (subscription, _) = ConsumerProtocolSubscription.read(old.metadata(for: name)) else {
                throw BrokerError(.groupIdNotFound, "The subscription of \(old.id) can't be read.")
            }
            var member = Member(id: old.id)
            member.instanceID = old.instanceID
            member.rack = subscription.rackId
            member.clientID = old.clientID
            member.clientHost = old.clientHost
            member.rebalanceTimeout = old.rebalanceTimeout
            member.topics = Set(subscription.topics)
            member.epoch = classic.generation
            member.previousEpoch = classic.generation
            member.assigned = try Self.assigned(to: old, classic.generation, topics)
            member.classic = ClassicMember(sessionTimeout: old.sessionTimeout, protocols: old.protocols)
            member.order = self.takeOrder()
            self.target[member.id] = Set(member.assigned.keys)
            self.store(member)
            self.touch(member.id, now: now)
        }
        self.refreshSubscribed(topics)
    }

    private static func assigned(
        to member: ClassicGroup.Member, _ generation: Int32, _ topics: GroupTopics
    ) throws(BrokerError) -> [GroupPartition: Int32] {
        guard !member.assignment.isEmpty else { return [:] }
        guard let (assignment, _) = ConsumerProtocolAssignment.read(member.assignment) else {
            throw BrokerError(.groupIdNotFound, "The assignment of \(member.id) can't be read.")
        }
        guard assignment.userData?.isEmpty ?? true else {
            throw BrokerError(.groupIdNotFound, "The assignor of the classic group is one of the application's own.")
        }
        var assigned: [GroupPartition: Int32] = [:]
        for part in assignment.assignedPartitions {
            guard let id = topics.byName[part.topic]?.id else { continue }
            for index in part.partitions { assigned[GroupPartition(topic: id, index: index)] = generation }
        }
        return assigned
    }
}

extension ClassicGroup {
    /// Makes a classic group of a group whose members all use the classic protocol. They rebalance if they do not have what
    /// they are to have.
    init(_ group: EpochGroup, limits: Limits, _ topics: GroupTopics, now: Milliseconds) {
        self.init(limits: limits)
        self.generation = group.epoch
        self.protocolType = "consumer"
        self.members = group.membersInOrder.compactMap { old in
            guard let classic = old.classic else { return nil }
            let request = JoinRequest(
                memberID: old.id, instanceID: old.instanceID, clientID: old.clientID, clientHost: old.clientHost,
                sessionTimeout: classic.sessionTimeout, rebalanceTimeout: old.rebalanceTimeout,
                protocolType: "consumer", protocols: classic.protocols)
            var member = Member(id: old.id, request: request)
            member.assignment = EpochGroup.assignment(of: old, topics).written(version: classic.version)
            member.touch(now)
            return member
        }
        self.leaderID = self.members.first?.id
        self.protocolName = self.selectProtocol()
        self.state = .stable
        self.save()
        if group.hasLostMembers || group.state != .stable { self.prepareRebalance(now: now) }
    }
}
