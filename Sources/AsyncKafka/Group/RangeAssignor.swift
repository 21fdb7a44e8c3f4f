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
        let sorted = members.sorted(by: GroupMemberSubscription.isServedBefore)
        var shares = topics.sorted { $0.key < $1.key }.map { Shares(of: $0.key, $0.value, among: sorted) }
        let mindsRacks = shares.contains { $0.mindsRacks }
        if mindsRacks { Self.assignWithinRacks(&shares) }
        var result = Dictionary(members.map { ($0.memberID, [TopicPartition]()) }) { $1 }
        for index in shares.indices {
            shares[index].assignRest()
            for (reader, partitions) in zip(shares[index].readers, shares[index].assigned) {
                result[reader.memberID, default: []] +=
                    partitions.sorted().map { TopicPartition(shares[index].topic, Int32($0)) }
            }
        }
        return result
    }

    /// Topics with the same readers and equally many partitions stay together: a number goes to a reader whose rack
    /// has a replica of it in all of them. A topic that stands alone is served by itself.
    private static func assignWithinRacks(_ shares: inout [Shares]) {
        struct Group: Hashable {
            var readers: [String]
            var partitionCount: Int
        }
        let rackReaders = shares.indices.filter { index in
            shares[index].readers.contains { $0.knownRack != nil }
        }
        let groups = Dictionary(grouping: rackReaders) {
            Group(readers: shares[$0].readers.map(\.memberID), partitionCount: shares[$0].partitionCount)
        }
        for (group, indices) in groups {
            if indices.count == 1 {
                if shares[indices[0]].mindsRacks { shares[indices[0]].assignMatching() }
                continue
            }
            for partition in 0..<group.partitionCount {
                let reader = group.readers.indices.first { reader in
                    indices.allSatisfy {
                        shares[$0].matches(reader, partition) && shares[$0].room(of: reader) > 0
                    }
                }
                guard let reader else { continue }
                for index in indices { shares[index].assign([partition], to: reader) }
            }
        }
    }

    /// The shares of one topic's readers.
    private struct Shares {
        let topic: String
        let partitionCount: Int
        let readers: [GroupMemberSubscription]
        let racks: [Set<String>]
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
            self.readers = members.filter { $0.topics.contains(name) }
            self.racks = (0..<topic.partitionCount).map { topic.racks(of: $0) }
            self.mindsRacks = RackAwareness.isUseful(
                members: Set(self.readers.compactMap(\.knownRack)), partitions: self.racks)
            self.assigned = self.readers.map { _ in [] }
            self.unassigned = self.readers.isEmpty ? [] : Array(0..<topic.partitionCount)
            (self.share, self.extras) = topic.partitionCount.quotientAndRemainder(
                dividingBy: max(1, self.readers.count))
        }

        func matches(_ reader: Int, _ partition: Int) -> Bool {
            self.readers[reader].knownRack.map { self.racks[partition].contains($0) } ?? true
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
            for reader in self.readers.indices {
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
