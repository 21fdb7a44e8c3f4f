// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The state of a group of the consumer protocol (KIP-848) at its coordinator.
///
/// The coordinator assigns the partitions. Three epochs show how far the group is: the group's, which increases with each
/// change of members, subscriptions and topics; the assignment's, which is the group's epoch for which the target was
/// computed; and each member's, which is the assignment's epoch that it has reached. A partition goes to its next owner
/// only after a heartbeat of the previous owner has shown that it has given it up.
///
/// It is a pure state machine, like `ClassicGroup`: the time and new member IDs are arguments. After each event the caller
/// schedules a call to `advance(to:)` at `nextDeadline`.
struct EpochGroup: Sendable {
    /// A time or duration in monotonic milliseconds.
    typealias Milliseconds = Int64

    enum State: String, Sendable {
        case empty = "Empty"
        case assigning = "Assigning"
        case reconciling = "Reconciling"
        case stable = "Stable"
    }

    struct Limits: Equatable, Sendable {
        var sessionTimeout: Milliseconds = 45_000
        var heartbeatInterval: Milliseconds = 5_000
        var maxSize = Int.max
        /// Whether the group is to become a classic one when all its members use the classic protocol, and the largest number
        /// of members of that.
        var becomesClassic = true
        var maxClassicSize = Int.max
    }

    /// The epochs with which a member joins and leaves.
    enum Epoch {
        static let joining: Int32 = 0
        static let leaving: Int32 = -1
        /// A static member leaves for a while.
        static let leavingForAWhile: Int32 = -2
    }

    let limits: Limits
    /// The group's epoch.
    var epoch: Int32 = 1
    /// The epoch for which the target was computed.
    var assignmentEpoch: Int32 = 1
    /// Whether members have gone whose partitions a classic group has to distribute.
    var hasLostMembers = false
    /// The members by their IDs.
    var members: [String: Member] = [:]
    /// The partitions that each member is to have.
    var target: [String: Set<GroupPartition>] = [:]
    /// The members that have a partition or have not given it up yet.
    var holders: [GroupPartition: String] = [:]
    /// The subscribed topics, as they were when the target was computed.
    var subscribed: [String: GroupTopics.Topic] = [:]
    /// The names of the topics that match each member's pattern, and the topics' version of which that is true.
    var matches: [String: Set<String>] = [:]
    var topicsVersion = -1
    private var joined = 0

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// The members in the order in which they joined.
    var membersInOrder: [Member] { self.members.values.sorted { $0.order < $1.order } }

    var state: State {
        if self.members.isEmpty { return .empty }
        if self.epoch > self.assignmentEpoch { return .assigning }
        return self.members.values.allSatisfy { $0.isReconciled(to: self.assignmentEpoch) } ? .stable : .reconciling
    }

    /// The assignor that most members prefer.
    var assignor: GroupAssignor {
        var votes: [GroupAssignor: Int] = [:]
        for member in self.members.values {
            if let assignor = member.assignor { votes[assignor, default: 0] += 1 }
        }
        let most = votes.values.max()
        return GroupAssignor.allCases.first { votes[$0] == most } ?? .uniform
    }

    mutating func takeOrder() -> Int {
        self.joined += 1
        return self.joined
    }

    /// The names of the topics that a member subscribes to, by name and by pattern.
    func topics(of member: Member) -> Set<String> {
        guard let pattern = member.pattern, let matches = self.matches[pattern] else { return member.topics }
        return member.topics.union(matches)
    }

    func isSubscribed(to topic: String) -> Bool {
        self.members.values.contains { self.topics(of: $0).contains(topic) }
    }

    // MARK: Deadlines

    /// The earliest time at which `advance` has work to do, or nil if there is none.
    var nextDeadline: Milliseconds? {
        self.members.values.map(\.deadline).min()
    }

    /// Removes the members that were silent for too long, or that did not give up their partitions in time.
    mutating func advance(to now: Milliseconds) {
        self.remove(Set(self.members.values.filter { $0.deadline <= now }.map(\.id)))
    }

    /// Moves the group to another coordinator, which has all that the previous one knew. Sessions begin again.
    mutating func moveToNewCoordinator(now: Milliseconds) {
        for id in self.members.keys {
            self.touch(id, now: now)
            self.members[id]?.classic?.joinDeadline = nil
            self.members[id]?.classic?.syncDeadline = nil
            // Also that of a member which used the classic protocol when it was told to give up partitions, and had no deadline.
            if let member = self.members[id], member.state == .unrevoked {
                self.members[id]?.rebalanceDeadline = now + member.rebalanceTimeout
            }
        }
    }

    /// Extends the session of a member after a request.
    mutating func touch(_ id: String, now: Milliseconds) {
        guard let member = self.members[id] else { return }
        self.members[id]?.sessionDeadline = now + (member.classic?.sessionTimeout ?? self.limits.sessionTimeout)
    }

    /// Removes members, which increases the group's epoch, unless it becomes a classic group by it.
    mutating func remove(_ ids: Set<String>) {
        guard !ids.isEmpty else { return }
        for id in ids {
            if let member = self.members.removeValue(forKey: id) { self.release(member) }
            self.target[id] = nil
        }
        if self.isToBecomeClassic {
            self.hasLostMembers = true
            return
        }
        self.epoch += 1
        if self.members.isEmpty {
            self.assignmentEpoch = self.epoch
            self.matches = [:]
        }
    }

    /// Stores a new state of a member, and which partitions it holds now.
    mutating func store(_ member: Member) {
        if let old = self.members[member.id] { self.release(old) }
        for partition in member.assigned.keys { self.holders[partition] = member.id }
        for partition in member.revoking.keys { self.holders[partition] = member.id }
        self.members[member.id] = member
    }

    private mutating func release(_ member: Member) {
        for partition in member.assigned.keys where self.holders[partition] == member.id {
            self.holders[partition] = nil
        }
        for partition in member.revoking.keys where self.holders[partition] == member.id {
            self.holders[partition] = nil
        }
    }
}
