// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Assigns the partitions of all topics to the members in turn, as Kafka's `roundrobin` assignor does.
public struct RoundRobinAssignor: ConsumerPartitionAssignor {
    /// Creates the assignor.
    public init() {}

    /// The name of Kafka's assignor: `roundrobin`.
    public var name: String { "roundrobin" }

    /// Returns the partitions in order of topic and number, assigned to the members in turn. Members that don't
    /// subscribe to the topic are skipped.
    public func assign(
        _ members: [GroupMemberSubscription], topics: [String: AssignableTopic]
    ) -> [String: [TopicPartition]] {
        var result = Dictionary(members.map { ($0.memberID, [TopicPartition]()) }) { $1 }
        let sorted = members.sorted(by: GroupMemberSubscription.isServedBefore)
        var turn = 0
        for (name, topic) in topics.sorted(by: { $0.key < $1.key }) {
            guard sorted.contains(where: { $0.topics.contains(name) }) else { continue }
            for partition in 0..<topic.partitionCount {
                while !sorted[turn % sorted.count].topics.contains(name) { turn += 1 }
                result[sorted[turn % sorted.count].memberID, default: []].append(
                    TopicPartition(name, Int32(partition)))
                turn += 1
            }
        }
        return result
    }
}

extension ConsumerPartitionAssignor where Self == RoundRobinAssignor {
    /// An assignor that assigns partitions to the members in turn.
    public static var roundRobin: RoundRobinAssignor { RoundRobinAssignor() }
}
