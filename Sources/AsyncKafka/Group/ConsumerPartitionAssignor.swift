// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Distributes partitions among the members of a group. The group's leader runs it for all members.
///
/// Every member must offer an assignor of the same name. Of those that all members offer, the group uses the one
/// preferred by most. `.range` and `.roundRobin` return the same assignments as those of Kafka's Java client, so a
/// group may contain both clients.
public protocol ConsumerPartitionAssignor: Sendable {
    /// The name under which the members of a group agree on the assignor.
    var name: String { get }

    /// Returns additional data of this member for the leader's assignor. Default: nil.
    func userData(for topics: Set<String>) -> Bytes?

    /// Returns the partitions of each member by member id.
    ///
    /// - Parameters:
    ///   - members: the members of the group with their subscriptions.
    ///   - partitionCounts: the number of partitions of each topic that exists.
    /// - Returns: the assignment. A partition may be assigned to one member only.
    func assign(_ members: [GroupMemberSubscription], partitionCounts: [String: Int]) -> [String: [TopicPartition]]
}

extension ConsumerPartitionAssignor {
    /// Returns nil: no additional data.
    public func userData(for topics: Set<String>) -> Bytes? { nil }
}

/// A group member's subscription, as the member sent it to the leader.
public struct GroupMemberSubscription: Sendable, Hashable {
    /// The id that the coordinator assigned to the member.
    public var memberID: String
    /// The configured id of a static member (KIP-345); nil for a dynamic member.
    public var groupInstanceID: String?
    /// The subscribed topics.
    public var topics: Set<String>
    /// The data returned by the member's assignor from `userData(for:)`.
    public var userData: Bytes?
    /// The partitions that the member still owns. Members of this library send none, because they give up all
    /// partitions before they join.
    public var ownedPartitions: [TopicPartition]
    /// The generation in which the member was assigned `ownedPartitions`; nil if unknown.
    public var generation: Int32?
    /// The rack of the member; nil if unknown.
    public var rack: String?

    /// Creates a member's subscription.
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
