// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A topic whose partitions an assignor distributes.
public struct AssignableTopic: Sendable, Hashable {
    /// The number of partitions.
    public var partitionCount: Int
    /// The racks of the brokers that have a replica, by partition number (KIP-881). Empty if they don't matter,
    /// because no member has told its rack.
    public var racks: [Set<String>]

    /// Creates a topic.
    public init(partitionCount: Int, racks: [Set<String>] = []) {
        self.partitionCount = partitionCount
        self.racks = racks
    }

    /// The racks of a partition's replicas; empty if unknown.
    func racks(of partition: Int) -> Set<String> {
        self.racks.indices.contains(partition) ? self.racks[partition] : []
    }
}

extension AssignableTopic {
    /// Returns a topic as metadata describes it; nil if the topic is unknown or has no partitions.
    init?(_ topic: String, in metadata: ClusterMetadata, mindsRacks: Bool) {
        guard let known = metadata.topics[topic], !known.partitions.isEmpty else { return nil }
        self.init(partitionCount: known.partitions.count)
        if mindsRacks {
            self.racks = known.partitions.map { partition in
                Set(partition.replicas.compactMap { metadata.brokers[$0]?.rack })
            }
        }
    }

    /// Whether the topic has other partitions now, or partitions in other racks if racks matter.
    ///
    /// A topic that is briefly missing from metadata has not lost its partitions, and a partition has not left the rack
    /// of a broker that is briefly missing.
    func isOutOfDate(_ topic: String, in metadata: ClusterMetadata) -> Bool {
        guard let now = AssignableTopic(topic, in: metadata, mindsRacks: !self.racks.isEmpty) else { return false }
        if now.partitionCount != self.partitionCount { return true }
        return now.racks.indices.contains { partition in
            now.racks[partition] != self.racks(of: partition)
                && metadata.topics[topic]?.partitions[partition].replicas.allSatisfy { metadata.brokers[$0] != nil }
                    == true
        }
    }
}
