// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Distributes partitions among the members of a group. The group's leader runs it for all members.
///
/// Every member must offer an assignor of the same name. Of those that all members offer, the group uses the one
/// preferred by most. `.range` and `.roundRobin` return the same assignments as those of Kafka's Java client, and the
/// sticky assignors understand what other clients claim, so a group may contain both clients.
public protocol ConsumerPartitionAssignor: Sendable {
    /// The name under which the members of a group agree on the assignor.
    var name: String { get }

    /// The protocols under which the assignor may be used. Default: `.eager` only. A member uses the cooperative
    /// protocol if all its assignors support it.
    ///
    /// A cooperative assignor must never assign a partition to a member while another one still names it among its
    /// `ownedPartitions`. It leaves the partition out, and assigns it in the rebalance that follows when the owner has
    /// given it up.
    var supportedProtocols: Set<RebalanceProtocol> { get }

    /// Returns additional data of this member for the leader's assignor. Default: nil.
    ///
    /// - Parameters:
    ///   - topics: the topics that the member subscribes to.
    ///   - lastAssignment: the assignment that the member last received; nil before its first.
    func userData(for topics: Set<String>, lastAssignment: MemberAssignment?) -> Bytes?

    /// Returns the partitions of each member by member id.
    ///
    /// - Parameters:
    ///   - members: the members of the group with their subscriptions.
    ///   - topics: the subscribed topics that exist, each with at least one partition.
    /// - Returns: the assignment. A partition may be assigned to one member only.
    func assign(_ members: [GroupMemberSubscription], topics: [String: AssignableTopic]) -> [String: [TopicPartition]]
}

extension ConsumerPartitionAssignor {
    /// Returns `.eager`.
    public var supportedProtocols: Set<RebalanceProtocol> { [.eager] }

    /// Returns nil: no additional data.
    public func userData(for topics: Set<String>, lastAssignment: MemberAssignment?) -> Bytes? { nil }
}

/// How the members of a group hand partitions over to each other in a rebalance (KIP-429).
public enum RebalanceProtocol: Hashable, Sendable {
    /// Each member gives up all partitions before it joins, so all reading pauses during a rebalance.
    case eager
    /// Members keep their partitions during a rebalance. Only partitions that move are given up, and another rebalance
    /// assigns them to their new members.
    case cooperative
}

/// The partitions that a member was assigned in one generation of its group.
public struct MemberAssignment: Sendable, Hashable {
    /// The assigned partitions.
    public var partitions: [TopicPartition]
    /// The generation of the group.
    public var generation: Int32

    /// Creates an assignment.
    public init(_ partitions: [TopicPartition], generation: Int32) {
        self.partitions = partitions
        self.generation = generation
    }
}
