// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A plan that spreads the replicas of topics evenly over brokers, for instance after brokers were added, or before some are
/// taken away.
///
/// ```swift
/// let topics = try await admin.describeTopics(names).allSucceeded()
/// let brokers = try await admin.describeCluster().brokers.filter { $0.id != 3 }
/// let plan = try ReassignmentPlan(spreading: Array(topics.values), over: brokers)
/// print(plan)
/// try await admin.alterPartitionReassignments(plan.reassignments).allSucceeded()
/// ```
///
/// The plan moves as little as it can: what is spread evenly stays where it is.
///
/// - Each partition has its replicas in as many racks as possible, if racks are known.
/// - Each broker has as many replicas as the others, of each topic and of all topics together, and so it is with preferred
///   leaders. The numbers differ by one where they don't divide evenly, and by more only if racks or a topic's own balance
///   require it.
public struct ReassignmentPlan: Hashable, Sendable {
    /// The change of a partition.
    public struct Change: Hashable, Sendable {
        /// The partition.
        public var partition: TopicPartition
        /// The brokers that have its replicas, the preferred leader first.
        public var from: [Int32]
        /// The brokers that are to have its replicas, the preferred leader first.
        public var to: [Int32]

        /// The brokers that copy the partition.
        public var added: [Int32] { self.to.filter { !self.from.contains($0) } }
    }

    /// The partitions that change, by topic and number.
    public var changes: [Change]
    /// The number of partitions that were looked at.
    public var partitionCount: Int

    /// Plans how to spread topics over brokers. This only computes, and asks no broker.
    ///
    /// - Parameters:
    ///   - topics: The topics with their partitions.
    ///   - brokers: The brokers that may have replicas. Replicas on all others are moved away.
    ///   - replicationFactor: The number of replicas of each partition. Default: as many as it has.
    ///   - ignoringRacks: Whether the racks of the brokers don't matter. Default: false.
    /// - Throws: `.invalidArgument` if there are fewer brokers than a partition is to have replicas, or if only some of the
    ///   brokers have a rack.
    public init(
        spreading topics: [TopicDescription], over brokers: [Broker], replicationFactor: Int? = nil,
        ignoringRacks: Bool = false
    ) throws(KafkaError) {
        let ids = Set(brokers.compactMap(\.id)).sorted()
        let racks = try Self.racks(of: ids, brokers, areIgnored: ignoringRacks)
        let indexes = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, $0) })
        let topics = topics.sorted { $0.name < $1.name }
        var partitions: [(TopicPartition, [Int32])] = []
        var spread = ReplicaSpread(racks: racks)
        for (index, topic) in topics.enumerated() {
            for partition in topic.partitions.sorted(by: { $0.partition < $1.partition }) {
                let factor = replicationFactor ?? partition.replicas.count
                guard factor >= 1, factor <= ids.count else {
                    throw KafkaError(
                        .invalidArgument,
                        "\(counted(factor, "replica")) can't be spread over \(counted(ids.count, "broker")).",
                        topic: topic.name, partition: partition.partition)
                }
                partitions.append((TopicPartition(topic.name, partition.partition), partition.replicas))
                spread.add(topic: index, replicas: partition.replicas.compactMap { indexes[$0] }, factor: factor)
            }
        }
        spread.even()
        self.partitionCount = partitions.count
        self.changes = zip(partitions, spread.replicas).compactMap { old, new in
            let to = new.map { ids[$0] }
            return to == old.1 ? nil : Change(partition: old.0, from: old.1, to: to)
        }
    }

    /// Returns the number of each broker's rack. Without racks each broker has its own.
    private static func racks(
        of ids: [Int32], _ brokers: [Broker], areIgnored: Bool
    ) throws(KafkaError) -> [Int] {
        let names = Dictionary(brokers.map { ($0.id, $0.rack) }) { $1 }
        let known = ids.map { names[$0] ?? nil }
        if areIgnored || known.allSatisfy({ $0 == nil }) { return Array(ids.indices) }
        if let missing = zip(ids, known).first(where: { $0.1 == nil }) {
            throw KafkaError(
                .invalidArgument,
                "Broker \(missing.0) has no rack, and others have one: set broker.rack, or ignore the racks.")
        }
        let order = Set(known.compactMap { $0 }).sorted()
        return known.map { rack in order.firstIndex(of: rack ?? "") ?? 0 }
    }

    /// What to pass to ``KafkaAdminClient/alterPartitionReassignments(_:allowReplicationFactorChange:timeout:)``.
    public var reassignments: [TopicPartition: NewPartitionReassignment] {
        Dictionary(self.changes.map { ($0.partition, .replicas($0.to)) }) { $1 }
    }
}

extension ReassignmentPlan: CustomStringConvertible {
    /// A line for the plan and one for each change.
    public var description: String {
        let copies = self.changes.reduce(0) { $0 + $1.added.count }
        let noun = copies == 1 ? "replica is copied" : "replicas are copied"
        let head = "\(self.changes.count) of \(counted(self.partitionCount, "partition")) change, \(copies) \(noun)"
        return ([head] + self.changes.map { "  \($0)" }).joined(separator: "\n")
    }
}

extension ReassignmentPlan.Change: CustomStringConvertible {
    /// The change on one line, such as `orders-0: [1, 2] to [1, 3]`.
    public var description: String { "\(self.partition): \(self.from) to \(self.to)" }
}
