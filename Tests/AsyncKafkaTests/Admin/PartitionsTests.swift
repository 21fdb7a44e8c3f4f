// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// The calls that change partitions, on the embedded broker.
@Suite(.timeLimit(.minutes(1))) struct PartitionsTests {
    private let clock = TestClock()

    @Test func partitionsAreAdded() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            for name in ["a", "b", "c"] { try await kafka.createTopic(name, partitions: 2) }
            let checked = await admin.createPartitions(["a": NewPartitions(totalCount: 3)], validateOnly: true)
            #expect(throws: Never.self) { try checked["a"]?.get() }
            let results = await admin.createPartitions([
                "a": NewPartitions(totalCount: 4), "b": NewPartitions(totalCount: 3, assignments: [[3]]),
                "c": NewPartitions(totalCount: 2), "missing": NewPartitions(totalCount: 2),
            ])
            #expect(throws: Never.self) { try results["a"]?.get() }
            #expect(throws: Never.self) { try results["b"]?.get() }
            let same = #expect(throws: KafkaError.self) { try results["c"]?.get() }
            #expect(same?.brokerCode == .invalidPartitions)
            let missing = #expect(throws: KafkaError.self) { try results["missing"]?.get() }
            #expect(missing?.code == .unknownTopicOrPartition)
            let topics = try await admin.describeTopics(["a", "b", "c"]).allSucceeded()
            #expect(topics["a"]?.partitions.count == 4)
            #expect(topics["b"]?.partitions.last?.replicas == [3])
            #expect(topics["c"]?.partitions.count == 2)
        }
    }

    @Test func anAdditionThatMayHaveHappenedIsNotRepeated() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            try await kafka.createTopic("a")
            let fault = kafka.inject(.fail(.requestTimedOut), on: .createPartitions, times: 2)
            let results = await admin.createPartitions(["a": NewPartitions(totalCount: 2)])
            let error = #expect(throws: KafkaError.self) { try results["a"]?.get() }
            #expect(error?.isOutcomeUnknown == true)
            #expect(fault.hits == 1)
        }
    }

    @Test func recordsAreDeletedAtEachLeader() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            try await kafka.createTopic("t", partitions: 3)
            try await KafkaProducer.withProducer(ProducerConfiguration(admin.cluster.configuration)) { producer in
                for partition in 0..<Int32(3) {
                    for value in 0..<5 {
                        _ = try await producer.send(ProducerRecord(topic: "t", partition: partition, value: "\(value)"))
                    }
                }
            }
            let results = await admin.deleteRecords([
                TopicPartition("t", 0): .before(3), TopicPartition("t", 1): .all, TopicPartition("t", 2): .before(9),
            ])
            #expect(try results[TopicPartition("t", 0)]?.get() == 3)
            #expect(try results[TopicPartition("t", 1)]?.get() == 5)
            let beyond = #expect(throws: KafkaError.self) { try results[TopicPartition("t", 2)]?.get() }
            #expect(beyond?.code == .offsetOutOfRange)
            #expect(beyond?.partition == 2)
            #expect(try await kafka.offsets(of: "t", partition: 0) == 3..<5)
            #expect(try await kafka.offsets(of: "t", partition: 1) == 5..<5)
            #expect(try await kafka.offsets(of: "t", partition: 2) == 0..<5)
        }
    }

    /// Asking for the leader of a missing topic must not create the topic.
    @Test func recordsOfAMissingTopicAreAnErrorAtTheTimeout() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            try await kafka.createTopic("t")
            let missing = TopicPartition("missing", 0)
            let results = await admin.deleteRecords(
                [missing: .all, TopicPartition("t", 7): .all, TopicPartition("t", 0): .all], timeout: .seconds(5))
            #expect(results[missing]?.failure?.code == .unknownTopicOrPartition)
            #expect(results[TopicPartition("t", 7)]?.failure?.code == .unknownTopicOrPartition)
            #expect(try results[TopicPartition("t", 0)]?.get() == 0)
            let topics = try await admin.listTopics()
            #expect(topics.map(\.name) == ["t"])
        }
    }

    /// -1 stands for all records in the protocol.
    @Test func aNegativeOffsetDeletesNothing() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            try await kafka.createTopic("t")
            let results = await admin.deleteRecords([TopicPartition("t", 0): .before(-1)])
            let error = #expect(throws: KafkaError.self) { try results[TopicPartition("t", 0)]?.get() }
            #expect(error?.code == .invalidArgument)
            #expect(kafka.requests.allSatisfy { $0.api != .deleteRecords })
        }
    }

    @Test func onlyADeletionOfOldRecordsIsRepeated() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            try await kafka.createTopic("t")
            let fault = kafka.inject(.fail(.requestTimedOut), on: .deleteRecords, times: 2)
            let all = await admin.deleteRecords([TopicPartition("t", 0): .all])
            let error = #expect(throws: KafkaError.self) { try all[TopicPartition("t", 0)]?.get() }
            #expect(error?.isOutcomeUnknown == true)
            #expect(fault.hits == 1)
            let old = await admin.deleteRecords([TopicPartition("t", 0): .before(0)])
            #expect(try old[TopicPartition("t", 0)]?.get() == 0)
            #expect(fault.hits == 2)
        }
    }
}
