// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension EmbeddedKafka {
    /// A consumer group as its coordinator sees it.
    public struct Group: Hashable, Sendable {
        /// A member of a group.
        public struct Member: Hashable, Sendable {
            /// The id that the coordinator gave it.
            public var id: String
            /// The id that its configuration gave it (group.instance.id), if it is a static member.
            public var instanceID: String?
            /// The client's name for itself (client.id).
            public var clientID: String
        }

        /// Kafka's name of its state: Empty, PreparingRebalance, CompletingRebalance, Stable or Dead.
        public var state: String
        /// How often it has been rebalanced.
        public var generation: Int
        /// The assignor that its members have agreed on.
        public var assignor: String?
        /// Its members, in the order in which they joined.
        public var members: [Member]
    }

    /// A group; nil if nobody has joined or committed in it.
    public func group(_ id: String) async throws(EmbeddedKafkaError) -> Group? {
        try await self.onLoop { cluster in
            guard let classic = cluster.groups[id]?.classic else { return nil }
            return Group(
                state: classic.state.rawValue, generation: Int(classic.generation), assignor: classic.protocolName,
                members: classic.members.map {
                    Group.Member(id: $0.id, instanceID: $0.instanceID, clientID: $0.clientID)
                })
        }
    }

    /// The offset that a group has committed for a partition; nil if it hasn't.
    public func committedOffset(
        of group: String, topic: String, partition: Int
    ) async throws(EmbeddedKafkaError) -> Int64? {
        try await self.onLoop { cluster in
            Int32(exactly: partition).flatMap { cluster.groups[group]?.offsets[topic]?[$0]?.offset }
        }
    }

    /// The broker that coordinates a group.
    public func coordinator(ofGroup id: String) async throws(EmbeddedKafkaError) -> Int? {
        try await self.onLoop { $0.coordinator(.group, for: id).map { Int($0) } }
    }

    /// Makes another broker the coordinator of a group. It knows what the last one had written down: the members of the
    /// last complete generation, and the committed offsets. Who was just joining has to ask again.
    public func moveCoordinator(ofGroup id: String, to broker: Int) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            cluster.moveCoordinator(.group, for: id, to: try cluster.runningBroker(broker).id)
        }
    }
}
