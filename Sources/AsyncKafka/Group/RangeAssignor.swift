// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Assigns each member a range of consecutive partitions per topic, as Kafka's `range` assignor does.
///
/// If several topics have equally many partitions and the same subscribers, partitions with the same number go to the
/// same member. If racks matter (KIP-881), a member first gets partitions with a replica in its rack, as many as its
/// share allows.
public struct RangeAssignor: ConsumerPartitionAssignor {
    /// Creates the assignor.
    public init() {}

    /// The name of Kafka's assignor: `range`.
    public var name: String { "range" }

    /// Returns consecutive partitions for each member. If a topic's partitions don't divide evenly, the first members
    /// get one more.
    public func assign(
        _ members: [GroupMemberSubscription], topics: [String: AssignableTopic]
    ) -> [String: [TopicPartition]] {
        let members = members.sorted(by: GroupMemberSubscription.isServedBefore)
        let topics = topics.sorted { $0.key < $1.key }
        var assigned = members.map { _ in [TopicPartition]() }
        func assignRest(_ shares: inout Shares) {
            shares.assignRest()
            for (reader, partitions) in zip(shares.readers, shares.assigned) where !partitions.isEmpty {
                assigned[reader] += partitions.sorted().map { TopicPartition(shares.topic, Int32($0)) }
            }
        }
        let mindsRacks =
            members.contains { $0.knownRack != nil }
            && topics.contains { Shares(of: $0.key, $0.value, among: members).mindsRacks }
        if mindsRacks {
            for group in Self.groups(of: topics, members) {
                var shares = group.map { Shares(of: topics[$0].key, topics[$0].value, among: members) }
                Self.assignWithinRacks(&shares)
                for index in shares.indices { assignRest(&shares[index]) }
            }
            for member in assigned.indices { assigned[member].sort() }
        } else {
            // One topic after the other: the shares of all of them would have an element per topic and member.
            for (name, topic) in topics {
                var shares = Shares(of: name, topic, among: members)
                assignRest(&shares)
            }
        }
        return Dictionary(zip(members.map(\.memberID), assigned)) { $1 }
    }

    /// Returns the numbers of the topics that have the same readers and equally many partitions.
    private static func groups(
        of topics: [(key: String, value: AssignableTopic)], _ members: [GroupMemberSubscription]
    ) -> some Sequence<[Int]> {
        struct Group: Hashable {
            var readers: [Int]
            var partitionCount: Int
        }
        return Dictionary(grouping: topics.indices) { index in
            Group(
                readers: members.indices.filter { members[$0].topics.contains(topics[index].key) },
                partitionCount: topics[index].value.partitionCount)
        }.values
    }

    /// A number goes to a reader whose rack has a replica of it in all topics of a group. A topic that stands alone is served by
    /// itself.
    private static func assignWithinRacks(_ shares: inout [Shares]) {
        guard let first = shares.first, first.racks.contains(where: { $0 != nil }) else { return }
        if shares.count == 1 {
            if first.mindsRacks { shares[0].assignMatching() }
            return
        }
        for partition in 0..<first.partitionCount {
            let reader = first.readers.indices.first { reader in
                shares.allSatisfy { $0.matches(reader, partition) && $0.room(of: reader) > 0 }
            }
            guard let reader else { continue }
            for index in shares.indices { shares[index].assign([partition], to: reader) }
        }
    }

    /// The shares of one topic's readers.
    private struct Shares {
        let topic: String
        let partitionCount: Int
        /// The numbers of the members that read the topic, and their racks.
        let readers: [Int]
        let racks: [String?]
        private let replicaRacks: [Set<String>]
        /// Whether racks matter for this topic.
        let mindsRacks: Bool
        /// The partitions of each reader.
        var assigned: [[Int]]
        private var unassigned: [Int]
        private let share: Int
        /// How many readers may still get one partition more than the share.
        private var extras: Int

        init(of name: String, _ topic: AssignableTopic, among members: [GroupMemberSubscription]) {
            self.topic = name
            self.partitionCount = topic.partitionCount
            self.readers = members.indices.filter { members[$0].topics.contains(name) }
            self.racks = self.readers.map { members[$0].knownRack }
            self.replicaRacks = (0..<topic.partitionCount).map { topic.racks(of: $0) }
            self.mindsRacks = RackAwareness.isUseful(
                members: Set(self.racks.compactMap(\.self)), partitions: self.replicaRacks)
            self.assigned = self.readers.map { _ in [] }
            self.unassigned = self.readers.isEmpty ? [] : Array(0..<topic.partitionCount)
            (self.share, self.extras) = topic.partitionCount.quotientAndRemainder(
                dividingBy: max(1, self.readers.count))
        }

        func matches(_ reader: Int, _ partition: Int) -> Bool {
            self.racks[reader].map { self.replicaRacks[partition].contains($0) } ?? true
        }

        /// How many more partitions a reader may get.
        func room(of reader: Int) -> Int {
            max(0, self.share + (self.extras > 0 ? 1 : 0) - self.assigned[reader].count)
        }

        mutating func assign(_ partitions: [Int], to reader: Int) {
            self.assigned[reader] += partitions
            if self.assigned[reader].count > self.share { self.extras -= 1 }
            let given = Set(partitions)
            self.unassigned.removeAll { given.contains($0) }
        }

        /// Assigns each reader, in turn, partitions with a replica in its rack, up to its share.
        mutating func assignMatching() {
            for reader in self.readers.indices {
                let matching = self.unassigned.filter { self.matches(reader, $0) }.prefix(self.room(of: reader))
                if !matching.isEmpty { self.assign(Array(matching), to: reader) }
            }
        }

        /// Assigns each reader, in turn, the next partitions, up to its share.
        mutating func assignRest() {
            for reader in self.readers.indices where !self.unassigned.isEmpty {
                let next = self.unassigned.prefix(self.room(of: reader))
                if !next.isEmpty { self.assign(Array(next), to: reader) }
            }
        }
    }
}

extension ConsumerPartitionAssignor where Self == RangeAssignor {
    /// An assignor of consecutive partitions, topic by topic.
    public static var range: RangeAssignor { RangeAssignor() }
}
