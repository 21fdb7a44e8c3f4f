// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Balances partitions over the members and moves as few of them as possible, as Kafka's `sticky` assignor does (KIP-54).
///
/// The members give up all partitions before a rebalance, but most get the same partitions again. In a group in which
/// every member uses `.cooperativeSticky`, they keep them throughout.
///
/// A member tells the leader what it was assigned last and in which generation. If two members claim one partition, the
/// newer generation is believed. If their generations are the same, neither is.
public struct StickyAssignor: ConsumerPartitionAssignor {
    /// Creates the assignor.
    public init() {}

    /// The name of Kafka's assignor: `sticky`.
    public var name: String { "sticky" }

    /// Returns the member's last assignment, encoded as Kafka's assignor encodes it; nil before the first one.
    public func userData(for topics: Set<String>, lastAssignment: MemberAssignment?) -> Bytes? {
        lastAssignment.flatMap { try? Self.encode($0) }
    }

    /// Returns a balanced assignment in which as many partitions as possible stay with their members.
    ///
    /// The numbers of partitions differ as little as the subscriptions allow. If racks matter (KIP-881), a replica in
    /// the member's rack is more important than staying.
    public func assign(
        _ members: [GroupMemberSubscription], topics: [String: AssignableTopic]
    ) -> [String: [TopicPartition]] {
        var distribution = StickyDistribution(of: topics, among: members, claim: Self.claim)
        distribution.run()
        return distribution.result()
    }

    /// What a member claims. Data that can't be decoded claims nothing.
    private static func claim(of member: GroupMemberSubscription) -> MemberAssignment {
        member.userData.flatMap { try? self.decode($0) } ?? MemberAssignment([], generation: -1)
    }

    // MARK: User data

    /// Encodes version 1 of the data, which begins with no version. The generation follows the partitions.
    private static func encode(_ assignment: MemberAssignment) throws(ProtocolError) -> Bytes {
        let topics = Dictionary(grouping: assignment.partitions, by: \.topic).sorted { $0.key < $1.key }
        var writer = ByteWriter(capacity: 256)
        writer.writeInt32(Int32(topics.count))
        for (topic, partitions) in topics {
            try writer.writeNullableString(topic, flexible: false)
            writer.writeInt32(Int32(partitions.count))
            for partition in partitions.map(\.partition).sorted() { writer.writeInt32(partition) }
        }
        writer.writeInt32(assignment.generation)
        return writer.finishContiguous()
    }

    /// Decodes version 1, or version 0, which ends before the generation.
    private static func decode(_ bytes: Bytes) throws(ProtocolError) -> MemberAssignment {
        var reader = ByteReader(bytes)
        var partitions: [TopicPartition] = []
        for _ in 0..<max(0, try reader.readInt32()) {
            let topic = try reader.readString("topic", flexible: false)
            for _ in 0..<max(0, try reader.readInt32()) {
                partitions.append(TopicPartition(topic, try reader.readInt32()))
            }
        }
        return MemberAssignment(partitions, generation: (try? reader.readInt32()) ?? -1)
    }
}

extension ConsumerPartitionAssignor where Self == StickyAssignor {
    /// An assignor that balances partitions and moves as few as possible.
    public static var sticky: StickyAssignor { StickyAssignor() }
}
