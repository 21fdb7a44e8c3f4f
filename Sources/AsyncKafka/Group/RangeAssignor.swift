// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Assigns each member a range of consecutive partitions per topic, as Kafka's `range` assignor does.
///
/// If several topics have equally many partitions and the same subscribers, partitions with the same number go to the
/// same member.
public struct RangeAssignor: ConsumerPartitionAssignor {
    /// Creates the assignor.
    public init() {}

    /// The name of Kafka's assignor: `range`.
    public var name: String { "range" }

    /// Returns consecutive partitions for each member. If a topic's partitions don't divide evenly, the first members
    /// get one more.
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
    /// An assignor of consecutive partitions, topic by topic.
    public static var range: RangeAssignor { RangeAssignor() }
}
