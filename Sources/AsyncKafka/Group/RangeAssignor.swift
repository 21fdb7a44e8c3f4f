// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Gives each member a run of consecutive partitions, topic by topic: Kafka's `range`.
///
/// Partitions of the same number of several topics go to the same member, if the topics have equally many partitions.
public struct RangeAssignor: ConsumerPartitionAssignor {
    /// An assignor.
    public init() {}

    /// `range`.
    public var name: String { "range" }

    /// Runs of partitions: where they don't divide evenly, the first members get one more.
    public func assign(
        _ members: [GroupMemberSubscription], partitionCounts: [String: Int]
    ) -> [String: [TopicPartition]] {
        var result = Dictionary(members.map { ($0.memberID, [TopicPartition]()) }) { $1 }
        let sorted = members.sorted(by: GroupMemberSubscription.isServedBefore)
        for (topic, count) in partitionCounts.sorted(by: { $0.key < $1.key }) {
            let readers = sorted.filter { $0.topics.contains(topic) }
            guard !readers.isEmpty else { continue }
            let (share, rest) = count.quotientAndRemainder(dividingBy: readers.count)
            var next = 0
            for (index, reader) in readers.enumerated() {
                let end = next + share + (index < rest ? 1 : 0)
                result[reader.memberID, default: []] += (next..<end).map { TopicPartition(topic, Int32($0)) }
                next = end
            }
        }
        return result
    }
}

extension ConsumerPartitionAssignor where Self == RangeAssignor {
    /// Runs of consecutive partitions, topic by topic.
    public static var range: RangeAssignor { RangeAssignor() }
}
