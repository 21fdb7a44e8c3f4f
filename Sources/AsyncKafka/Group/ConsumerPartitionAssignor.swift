// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Decides which member of a group reads which partitions. The group's leader runs it for all.
///
/// Every member must offer an assignor of the same name; of those that all have, the group takes the one that most like
/// best. `.range` and `.roundRobin` give the same result as those of Kafka's Java client, so that groups can be mixed.
public protocol ConsumerPartitionAssignor: Sendable {
    /// The name by which the members of a group agree on it.
    var name: String { get }

    /// What this member tells the leader's assignor besides its topics. Nothing by default.
    func userData(for topics: Set<String>) -> Bytes?

    /// The partitions of each member, by its id. `partitionCounts` has the topics that exist; a partition may be given
    /// to one member only.
    func assign(_ members: [GroupMemberSubscription], partitionCounts: [String: Int]) -> [String: [TopicPartition]]
}

extension ConsumerPartitionAssignor {
    /// Nothing.
    public func userData(for topics: Set<String>) -> Bytes? { nil }
}

/// What a member of a group wants, as it told the leader.
public struct GroupMemberSubscription: Sendable, Hashable {
    /// The id that the coordinator gave the member.
    public var memberID: String
    /// The member's own lasting id, if it is a static member (KIP-345).
    public var groupInstanceID: String?
    /// The topics that it subscribes to.
    public var topics: Set<String>
    /// What its assignor added.
    public var userData: Bytes?
    /// The partitions that it still holds, where assignors need to know.
    public var ownedPartitions: [TopicPartition]
    /// The generation in which it came to hold them.
    public var generation: Int32?
    /// The rack that it runs in.
    public var rack: String?

    /// A member's subscription.
    public init(
        memberID: String, groupInstanceID: String? = nil, topics: Set<String>, userData: Bytes? = nil,
        ownedPartitions: [TopicPartition] = [], generation: Int32? = nil, rack: String? = nil
    ) {
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
        self.topics = topics
        self.userData = userData
        self.ownedPartitions = ownedPartitions
        self.generation = generation
        self.rack = rack
    }

    /// The order in which Kafka's assignors serve members: static members first, by instance id, then by member id.
    static func isServedBefore(_ left: GroupMemberSubscription, _ right: GroupMemberSubscription) -> Bool {
        switch (left.groupInstanceID, right.groupInstanceID) {
        case (let a?, let b?): a < b
        case (_?, nil): true
        case (nil, _?): false
        case (nil, nil): left.memberID < right.memberID
        }
    }
}
