// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension EmbeddedKafka {
    /// The state of a consumer group at its coordinator.
    public struct Group: Hashable, Sendable {
        /// A member of a group.
        public struct Member: Hashable, Sendable {
            /// The member ID.
            public var id: String
            /// The instance ID (`group.instance.id`) of a static member, otherwise nil.
            public var instanceID: String?
            /// The client ID (`client.id`).
            public var clientID: String
            /// The member's epoch in a group of the consumer protocol, otherwise nil.
            public var epoch: Int?
        }

        /// The protocols of groups.
        public enum Kind: String, Hashable, Sendable {
            /// The members agree on the assignment, by JoinGroup and SyncGroup.
            case classic = "Classic"
            /// The coordinator assigns the partitions (KIP-848).
            case consumer = "Consumer"
        }

        /// The protocol of the group.
        public var kind: Kind
        /// The group's state by Kafka's name: Empty, PreparingRebalance, CompletingRebalance, Stable or Dead; with the
        /// consumer protocol Empty, Assigning, Reconciling or Stable.
        public var state: String
        /// The generation, which increases with each rebalance; with the consumer protocol the group's epoch.
        public var generation: Int
        /// The assignor that the group uses, or nil while it has none.
        public var assignor: String?
        /// The members in the order in which they joined.
        public var members: [Member]
    }

    /// How groups may change their protocol while they have members.
    public enum GroupMigration: String, Hashable, Sendable {
        /// Not at all.
        case disabled
        /// From the classic protocol to the consumer protocol, when a member joins with that.
        case upgrade
        /// From the consumer protocol to the classic protocol, when all members are left that use that.
        case downgrade
        /// Both ways.
        case bidirectional
    }

    /// Returns a group, or nil if no member has joined it and no offset is committed.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the cluster has been stopped.
    public func group(_ id: String) async throws(EmbeddedKafkaError) -> Group? {
        try await self.onLoop { cluster in
            cluster.groups[id].map { Group($0) }
        }
    }

    /// Changes the version of groups while the cluster runs, as an administrator does with the feature `group.version`.
    /// Clients learn of it with their next connection. With version 0, groups of the consumer protocol have no coordinator.
    ///
    /// - Parameter version: The version, 0 or 1, as ``EmbeddedKafka/Configuration/groupVersion``.
    /// - Throws: ``EmbeddedKafkaError`` if there is no such version, or if the cluster has been stopped.
    public func setGroupVersion(_ version: Int) async throws(EmbeddedKafkaError) {
        guard (0...1).contains(version) else {
            throw EmbeddedKafkaError("Groups have versions 0 and 1, not \(version).")
        }
        try await self.onLoop { cluster in cluster.setLevel(of: .groupVersion, to: version) }
    }

    /// Returns the committed offset of a group for a partition, or nil if there is none or the group or partition doesn't
    /// exist.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the cluster has been stopped.
    public func committedOffset(
        of group: String, topic: String, partition: Int
    ) async throws(EmbeddedKafkaError) -> Int64? {
        try await self.onLoop { cluster in
            Int32(exactly: partition).flatMap { cluster.groups[group]?.offsets[topic]?[$0]?.offset }
        }
    }

    /// Returns the ID of the broker that coordinates a group, or nil if no broker is running. The group need not exist.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the cluster has been stopped.
    public func coordinator(ofGroup id: String) async throws(EmbeddedKafkaError) -> Int? {
        try await self.onLoop { $0.coordinator(.group, for: id).map { Int($0) } }
    }

    /// Makes another broker the coordinator of a group.
    ///
    /// It takes over what the previous coordinator had stored: the members of the last complete generation and the
    /// committed offsets. Members that were joining have to send their requests again.
    ///
    /// - Parameters:
    ///   - id: The group's ID.
    ///   - broker: The ID of the new coordinator, which must be running.
    /// - Throws: ``EmbeddedKafkaError`` if the broker doesn't exist or is stopped, or if the cluster has been stopped.
    public func moveCoordinator(ofGroup id: String, to broker: Int) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            cluster.moveCoordinator(.group, for: id, to: try cluster.runningBroker(broker).id)
        }
    }
}
