// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Deals the partitions of all topics out one by one, like cards: Kafka's `roundrobin`.
public struct RoundRobinAssignor: ConsumerPartitionAssignor {
    /// An assignor.
    public init() {}

    /// `roundrobin`.
    public var name: String { "roundrobin" }

    /// Partitions in order of topic and number to members in turn, passing over those that don't want the topic.
    public func assign(
        _ members: [GroupMemberSubscription], partitionCounts: [String: Int]
    ) -> [String: [TopicPartition]] {
        var result = Dictionary(members.map { ($0.memberID, [TopicPartition]()) }) { $1 }
        let sorted = members.sorted(by: GroupMemberSubscription.isServedBefore)
        var turn = 0
        for (topic, count) in partitionCounts.sorted(by: { $0.key < $1.key }) {
            guard sorted.contains(where: { $0.topics.contains(topic) }) else { continue }
            for partition in 0..<count {
                while !sorted[turn % sorted.count].topics.contains(topic) { turn += 1 }
                result[sorted[turn % sorted.count].memberID, default: []].append(
                    TopicPartition(topic, Int32(partition)))
                turn += 1
            }
        }
        return result
    }
}

extension ConsumerPartitionAssignor where Self == RoundRobinAssignor {
    /// Partitions dealt out one by one.
    public static var roundRobin: RoundRobinAssignor { RoundRobinAssignor() }
}
