// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A group member's subscription, as the member sent it to the leader.
public struct GroupMemberSubscription: Sendable, Hashable {
    /// The id that the coordinator assigned to the member.
    public var memberID: String
    /// The configured id of a static member (KIP-345); nil for a dynamic member.
    public var groupInstanceID: String?
    /// The subscribed topics.
    public var topics: Set<String>
    /// The data returned by the member's assignor from `userData(for:lastAssignment:)`.
    public var userData: Bytes?
    /// The partitions that the member still owns. Members that use the eager protocol own none, because they give up
    /// all partitions before they join.
    public var ownedPartitions: [TopicPartition]
    /// The generation in which the member was assigned ``GroupMemberSubscription/ownedPartitions``; nil if unknown.
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
