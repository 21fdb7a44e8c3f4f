// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Balances partitions as ``StickyAssignor`` does, and lets the members keep them during rebalances, as Kafka's
/// `cooperative-sticky` assignor does (KIP-429).
///
/// A partition that moves is assigned in two steps: the first rebalance takes it from its owner, the second one gives it
/// to its new member. All other partitions are read throughout.
public struct CooperativeStickyAssignor: ConsumerPartitionAssignor {
    /// Creates the assignor.
    public init() {}

    /// The name of Kafka's assignor: `cooperative-sticky`.
    public var name: String { "cooperative-sticky" }

    /// Returns both protocols.
    public var supportedProtocols: Set<RebalanceProtocol> { [.cooperative, .eager] }

    /// Returns the generation of the last assignment, -1 before the first one, encoded as Kafka's assignor encodes it.
    public func userData(for topics: Set<String>, lastAssignment: MemberAssignment?) -> Bytes? {
        var writer = ByteWriter(capacity: 4)
        writer.writeInt32(lastAssignment?.generation ?? -1)
        return writer.finishContiguous()
    }

    /// Returns a balanced assignment in which as many partitions as possible stay with their members, without the
    /// partitions that another member still owns.
    public func assign(
        _ members: [GroupMemberSubscription], topics: [String: AssignableTopic]
    ) -> [String: [TopicPartition]] {
        var distribution = StickyDistribution(of: topics, among: members, claim: Self.claim)
        distribution.run()
        distribution.withholdOwned()
        return distribution.result()
    }

    /// What a member claims. Members of before KIP-792 tell the generation in their user data.
    private static func claim(of member: GroupMemberSubscription) -> MemberAssignment {
        let generation =
            member.generation
            ?? member.userData.flatMap { bytes in
                var reader = ByteReader(bytes)
                return try? reader.readInt32()
            }
        return MemberAssignment(member.ownedPartitions, generation: generation ?? -1)
    }
}

extension ConsumerPartitionAssignor where Self == CooperativeStickyAssignor {
    /// An assignor that balances partitions, moves as few as possible, and lets members keep theirs during rebalances.
    public static var cooperativeSticky: CooperativeStickyAssignor { CooperativeStickyAssignor() }
}
