// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaTestSupport
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1))) struct AssignableTopicTests {
    /// Topic `t` with a partition for each list of replicas. Broker 1 is in rack `a`, 2 in `b`, 3 in none.
    private func metadata(_ replicas: [[Int32]], brokers: [Int32] = [1, 2, 3]) -> ClusterMetadata {
        let racks: [Int32: String] = [1: "a", 2: "b"]
        let partitions = replicas.enumerated().map { PartitionMetadata(index: Int32($0), leader: nil, replicas: $1) }
        return ClusterMetadata(
            version: 1, clusterID: nil, controllerID: nil,
            brokers: Dictionary(brokers.map { ($0, Broker(id: $0, host: "h", port: 1, rack: racks[$0])) }) { $1 },
            topics: ["t": TopicMetadata(name: "t", partitions: partitions)])
    }

    @Test func racksAreThoseOfTheReplicas() {
        let metadata = self.metadata([[1, 2], [3]])
        let topic = AssignableTopic("t", in: metadata, mindsRacks: true)
        #expect(topic == AssignableTopic(partitionCount: 2, racks: [["a", "b"], []]))
        #expect(AssignableTopic("t", in: metadata, mindsRacks: false) == AssignableTopic(partitionCount: 2))
        #expect(AssignableTopic("u", in: metadata, mindsRacks: true) == nil)
        #expect(AssignableTopic("t", in: self.metadata([]), mindsRacks: true) == nil)
    }

    @Test func aTopicIsOutOfDateWhenPartitionsAreAddedOrMoveToOtherRacks() {
        let topic = AssignableTopic(partitionCount: 1, racks: [["a"]])
        #expect(!topic.isOutOfDate("t", in: self.metadata([[1]])))
        #expect(topic.isOutOfDate("t", in: self.metadata([[1], [1]])))
        #expect(topic.isOutOfDate("t", in: self.metadata([[2]])))
        #expect(topic.isOutOfDate("t", in: self.metadata([[1, 2]])))
        // A replica without rack, and a change that nobody minds.
        #expect(!topic.isOutOfDate("t", in: self.metadata([[1, 3]])))
        #expect(!AssignableTopic(partitionCount: 1).isOutOfDate("t", in: self.metadata([[2]])))
    }

    @Test func aMissingBrokerOrTopicDoesNotMakeATopicOutOfDate() {
        let topic = AssignableTopic(partitionCount: 1, racks: [["a", "b"]])
        #expect(!topic.isOutOfDate("t", in: self.metadata([[1, 2]], brokers: [1])))
        #expect(!topic.isOutOfDate("t", in: self.metadata([])))
        #expect(!topic.isOutOfDate("t", in: .empty))
    }

    @Test(arguments: ["range", "sticky", "cooperative-sticky"])
    func membersGetPartitionsInTheirRacks(name: String) async throws {
        var brokers = EmbeddedKafka.Configuration()
        brokers.brokers = 2
        brokers.racks = ["a", "b"]
        try await EmbeddedKafka.withCluster(brokers) { kafka in
            try await kafka.createTopic("t", partitions: 4)
            let assignors: [any ConsumerPartitionAssignor] = [.range, .sticky, .cooperativeSticky]
            var first = kafka.consuming("g")
            first.classic.assignors = assignors.filter { $0.name == name }
            first.cluster.rack = "b"
            var second = first
            second.cluster.rack = "a"
            try await KafkaConsumer.withConsumer(first, subscribedTo: ["t"]) { first in
                try await first.pollsUntil { first.assignment.count == 4 }
                try await KafkaConsumer.withConsumer(second, subscribedTo: ["t"]) { second in
                    async let other: Void = second.pollsUntil { second.assignment.count == 2 }
                    try await first.pollsUntil { first.assignment.count == 2 }
                    try await other
                    // The brokers have the partitions in turn.
                    #expect(first.assignment.sorted() == [TopicPartition("t", 1), TopicPartition("t", 3)])
                    #expect(second.assignment.sorted() == [TopicPartition("t", 0), TopicPartition("t", 2)])
                }
            }
        }
    }
}
