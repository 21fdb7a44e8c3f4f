// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A topic with its partitions.
public struct TopicDescription: Hashable, Sendable {
    /// The topic's name.
    public var name: String
    /// The topic's id. Nil with brokers below Kafka 2.8.
    public var id: KafkaUUID?
    /// Whether Kafka uses the topic for itself, as it does `__consumer_offsets`.
    public var isInternal: Bool
    /// The partitions, by number.
    public var partitions: [PartitionDescription]
    /// The operations on the topic that the client is authorized for. Nil if they weren't requested, or with brokers below
    /// Kafka 2.3.
    public var authorizedOperations: Set<ACLOperation>?

    /// The number of replicas of the first partition.
    public var replicationFactor: Int { self.partitions.first?.replicas.count ?? 0 }
}

extension TopicDescription: CustomStringConvertible {
    /// A line for the topic and one for each partition.
    public var description: String {
        var head = [counted(self.partitions.count, "partition"), "replication factor \(self.replicationFactor)"]
        if let id { head.append("id \(id)") }
        if self.isInternal { head.append("internal") }
        let lines = self.partitions.map { "\n  \($0)" }
        return "\(self.name.printable): \(head.joined(separator: ", "))\(lines.joined())"
    }
}

/// A partition with its leader and replicas, as ids of brokers.
public struct PartitionDescription: Hashable, Sendable {
    /// The partition's number, starting at 0.
    public var partition: Int32
    /// The leader. Nil while there is none.
    public var leader: Int32?
    /// The leader's epoch. Nil if the broker doesn't report it.
    public var leaderEpoch: Int32?
    /// All replicas, the preferred leader first.
    public var replicas: [Int32]
    /// The replicas that are in sync with the leader.
    public var inSyncReplicas: [Int32]
    /// The replicas on brokers that are down, or in log directories that have failed.
    public var offlineReplicas: [Int32]
    /// The replicas outside of ``PartitionDescription/inSyncReplicas`` that have all committed records and may be elected (KIP-966). Nil with brokers
    /// that don't track them.
    public var eligibleLeaderReplicas: [Int32]?
    /// The replicas that were eligible to lead until they shut down uncleanly (KIP-966). Nil as ``PartitionDescription/eligibleLeaderReplicas``.
    public var lastKnownEligibleLeaderReplicas: [Int32]?
}

extension PartitionDescription: CustomStringConvertible {
    /// The partition on one line, such as `0: leader 1, replicas [1, 2], in sync [1]`.
    public var description: String {
        var parts = [
            self.leader.map { "leader \($0)" } ?? "no leader", "replicas \(self.replicas)",
            "in sync \(self.inSyncReplicas)",
        ]
        if !self.offlineReplicas.isEmpty { parts.append("offline \(self.offlineReplicas)") }
        if let eligible = self.eligibleLeaderReplicas, !eligible.isEmpty { parts.append("eligible \(eligible)") }
        if let last = self.lastKnownEligibleLeaderReplicas, !last.isEmpty { parts.append("last eligible \(last)") }
        return "\(self.partition): \(parts.joined(separator: ", "))"
    }
}
