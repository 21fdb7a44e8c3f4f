// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Heartbeats, by which members join, stay, give up partitions and leave.
extension EpochGroup {
    /// Handles a heartbeat, whose fields have been checked.
    ///
    /// - Parameters:
    ///   - newMemberID: The ID of a member that has none.
    ///   - isVisible: Whether the sender may know of a topic. Patterns match no other topics.
    mutating func heartbeat(
        _ heartbeat: Heartbeat, newMemberID: String, _ topics: GroupTopics, isVisible: (String) -> Bool,
        now: Milliseconds
    ) throws(BrokerError) -> HeartbeatAnswer {
        if heartbeat.epoch < 0 { return try self.leave(heartbeat) }
        var heartbeat = heartbeat
        try self.checkRoom(memberID: heartbeat.memberID, instanceID: heartbeat.instanceID)
        if heartbeat.memberID.isEmpty { heartbeat.memberID = newMemberID }
        let (old, replaced) = try self.sender(of: heartbeat)
        var member = old
        member.update(heartbeat)
        if member.pattern != old.pattern, let pattern = member.pattern, self.matches[pattern] == nil {
            self.matches[pattern] = try TopicPattern(pattern).matches(topics).filter(isVisible)
        }
        if let replaced { self.replace(replaced, by: member.id) }
        let oldAssignor = self.assignor
        if self.members[member.id] == nil, replaced == nil { member.order = self.takeOrder() }
        self.store(member)
        let hasNewSubscription = member.topics != old.topics || member.pattern != old.pattern
        self.refresh(topics, isVisible, isChanged: hasNewSubscription || self.assignor != oldAssignor)
        if hasNewSubscription { self.revokeUnsubscribed(member.id, topics, now: now) }
        self.reconcile(member.id, owned: heartbeat.owned, now: now)
        self.touch(member.id, now: now)
        member = self.members[member.id] ?? member
        let isTold = heartbeat.isFull || member.assigned != old.assigned
        return HeartbeatAnswer(
            memberID: member.id, epoch: member.epoch, assignment: isTold ? member.assigned.keys.sorted() : nil)
    }

    func checkRoom(memberID: String, instanceID: String?) throws(BrokerError) {
        if let instanceID, self.staticMember(instanceID) != nil { return }
        guard self.members.count >= self.limits.maxSize, self.members[memberID] == nil else { return }
        throw BrokerError(.groupMaxSizeReached, "The group has \(self.members.count) members, and may not have more.")
    }

    func staticMember(_ instanceID: String) -> Member? {
        self.members.values.first { $0.instanceID == instanceID }
    }

    /// Returns the member that sends a heartbeat, and the static member that it replaces.
    private func sender(of heartbeat: Heartbeat) throws(BrokerError) -> (Member, replaced: Member?) {
        if let instanceID = heartbeat.instanceID, heartbeat.epoch == Epoch.joining {
            guard let known = self.staticMember(instanceID) else {
                return (self.members[heartbeat.memberID] ?? Member(id: heartbeat.memberID), nil)
            }
            guard known.epoch == Epoch.leavingForAWhile || known.classic != nil else {
                throw BrokerError(
                    .unreleasedInstanceId,
                    "The instance ID \(instanceID) belongs to member \(known.id), which has not left.")
            }
            var successor = known
            successor.id = heartbeat.memberID
            successor.epoch = 0
            successor.previousEpoch = 0
            return (successor, known)
        }
        if let instanceID = heartbeat.instanceID {
            let known = try self.member(heartbeat.memberID, instanceID)
            try self.checkEpoch(heartbeat, known)
            return (known, nil)
        }
        guard let known = self.members[heartbeat.memberID] else {
            guard heartbeat.epoch == Epoch.joining else { throw Self.unknown(heartbeat.memberID) }
            return (Member(id: heartbeat.memberID), nil)
        }
        try self.checkEpoch(heartbeat, known)
        return (known, nil)
    }

    private static func unknown(_ memberID: String) -> BrokerError {
        BrokerError(.unknownMemberId, "\(memberID) is no member of the group.")
    }

    func member(_ memberID: String, _ instanceID: String) throws(BrokerError) -> Member {
        guard let known = self.staticMember(instanceID) else {
            throw BrokerError(.unknownMemberId, "No member has the instance ID \(instanceID).")
        }
        guard known.id == memberID else {
            throw BrokerError(.fencedInstanceId, "The instance ID \(instanceID) belongs to member \(known.id) now.")
        }
        return known
    }

    /// Throws if a member has another epoch than the coordinator knows. The previous epoch is good if the member did not
    /// receive the last response: then it owns nothing that it isn't to have.
    private func checkEpoch(_ heartbeat: Heartbeat, _ member: Member) throws(BrokerError) {
        guard heartbeat.epoch != Epoch.joining, heartbeat.epoch != member.epoch else { return }
        if heartbeat.epoch == member.previousEpoch, heartbeat.epoch < member.epoch,
            let owned = heartbeat.owned, owned.allSatisfy({ member.assigned[$0] != nil })
        {
            return
        }
        throw BrokerError(
            .fencedMemberEpoch,
            "The member has epoch \(heartbeat.epoch), and the coordinator knows \(member.epoch). It has to give up all its partitions and join again."
        )
    }

    /// Gives a static member's place to the member that returns with its instance ID.
    mutating func replace(_ old: Member, by id: String) {
        guard old.id != id else { return }
        let target = self.target.removeValue(forKey: old.id)
        self.members[old.id] = nil
        for partition in old.assigned.keys { self.holders[partition] = nil }
        self.target[id] = target
    }

    private mutating func leave(_ heartbeat: Heartbeat) throws(BrokerError) -> HeartbeatAnswer {
        var answer = HeartbeatAnswer(memberID: heartbeat.memberID, epoch: heartbeat.epoch)
        guard let instanceID = heartbeat.instanceID else {
            guard self.members[heartbeat.memberID] != nil else { throw Self.unknown(heartbeat.memberID) }
            self.remove([heartbeat.memberID])
            return answer
        }
        var member = try self.member(heartbeat.memberID, instanceID)
        answer.memberID = member.id
        guard heartbeat.epoch == Epoch.leavingForAWhile else {
            self.remove([member.id])
            return answer
        }
        // The member's place stays free for its return, until the session ends.
        member.epoch = Epoch.leavingForAWhile
        member.revoking = [:]
        member.assigned = member.assigned.mapValues { _ in 0 }
        member.rebalanceDeadline = nil
        self.store(member)
        return answer
    }
}
