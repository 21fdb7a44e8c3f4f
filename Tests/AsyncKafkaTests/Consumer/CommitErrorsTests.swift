// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The errors of commits that fail in part or as a whole.
@Suite(.timeLimit(.minutes(1))) struct CommitErrorsTests {
    private let clock = TestClock()
    private func manual(_ kafka: EmbeddedKafka) -> ConsumerConfiguration {
        var configuration = kafka.consuming("g")
        configuration.enableAutoCommit = false
        configuration.cluster.apiTimeout = .seconds(40)
        return configuration
    }

    private func withoutAutomaticTopics(
        _ body: @escaping @Sendable (EmbeddedKafka) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.createTopicsAutomatically = false
        try await self.clock.withCluster(configuration, body)
    }

    @Test func aDeletedTopicFailsTheCommitAtOnceAndTheOthersAreStored() async throws {
        try await self.withoutAutomaticTopics { kafka in
            for topic in ["kept", "gone"] {
                try await kafka.createTopic(topic)
                try await kafka.fill(topic, 3)
            }
            try await KafkaConsumer.withConsumer(self.manual(kafka), subscribedTo: ["kept", "gone"]) { consumer in
                var count = 0
                for try await _ in consumer.records {
                    count += 1
                    if count == 6 { break }
                }
                try await kafka.deleteTopic("gone")
                let begin = self.clock.now
                let failure = await #expect(throws: KafkaError.self) { try await consumer.commit() }
                #expect(self.clock.now - begin < .seconds(1))
                #expect(failure?.brokerCode == .unknownTopicOrPartition || failure?.brokerCode == .unknownTopicId)
                #expect(failure?.code == .unknownTopicOrPartition)
                #expect(failure?.topic == "gone" && failure?.partition == 0)
                #expect(failure?.message.contains("kept-0") == true, "\(failure?.message ?? "")")
            }
            let committed = try await kafka.committedOffset(of: "g", topic: "kept", partition: 0)
            #expect(committed == 3)
        }
    }

    @Test func automaticCommitsContinueForTheOthersAndLogADeletedTopicOnce() async throws {
        try await self.withoutAutomaticTopics { kafka in
            for topic in ["kept", "gone"] {
                try await kafka.createTopic(topic)
                try await kafka.fill(topic, 3)
            }
            let log = KeptLog(minimum: .warning)
            var configuration = self.manual(kafka)
            configuration.enableAutoCommit = true
            configuration.autoCommitInterval = .milliseconds(50)
            configuration.cluster.log = log
            let partitions = ["kept", "gone"].map { TopicPartition($0, 0) }
            try await KafkaConsumer.withConsumer(configuration, assigned: partitions) { consumer in
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.hold(hold), on: .offsetCommit)
                var count = 0
                while count < 6 { count += try await consumer.poll(timeout: .seconds(20)).count }
                _ = try await consumer.poll(timeout: .zero)
                await hold.untilHeld()
                try await kafka.deleteTopic("gone")
                hold.release()
                // Each of the following commits includes the deleted topic.
                for round in 1...3 {
                    try await kafka.fill("kept", 1)
                    while try await consumer.poll(timeout: .seconds(20)).isEmpty {}
                    _ = try await consumer.poll(timeout: .zero)
                    kafka.forgetRequests()
                    await kafka.untilRequests(of: .offsetCommit, count: 2)
                    let committed = try await kafka.committedOffset(of: "g", topic: "kept", partition: 0)
                    #expect(committed == Int64(3 + round))
                }
                #expect(log.lines.count { $0.contains("The automatic commit failed") } == 1, "\(log.lines)")
                #expect(log.lines.contains { $0.contains("gone-0") }, "\(log.lines)")
            }
        }
    }

    @Test func aPermanentErrorOfCommittedOffsetsReachesTheReader() async throws {
        try await self.withoutAutomaticTopics { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            kafka.inject(.fail(.fencedLeaderEpoch), on: .offsetFetch, times: nil)
            try await KafkaConsumer.withConsumer(self.manual(kafka), assigned: [TopicPartition("t", 0)]) { consumer in
                let failure = await #expect(throws: KafkaError.self) {
                    for try await _ in consumer.records { break }
                }
                #expect(failure?.brokerCode == .fencedLeaderEpoch)
            }
        }
    }

    @Test func aTopicThatTheCoordinatorDoesNotKnowYetIsRetried() async throws {
        try await self.withoutAutomaticTopics { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            try await KafkaConsumer.withConsumer(self.manual(kafka), subscribedTo: ["t"]) { consumer in
                for try await record in consumer.records where record.offset == 2 { break }
                kafka.inject(.fail(.unknownTopicOrPartition), on: .offsetCommit, times: 3)
                try await consumer.commit()
            }
            let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
            #expect(committed == 3)
        }
    }

    @Test func aRefusedPartitionIsReportedTogetherWithThoseThatAreStored() async throws {
        try await self.withoutAutomaticTopics { kafka in
            for topic in ["open", "secret"] { try await kafka.createTopic(topic) }
            kafka.rewrite(OffsetCommitRequest.self, times: nil) { request, version, response in
                for index in response.topics.indices where request.topics[index].partitions[0].committedOffset == 7 {
                    response.topics[index].partitions[0].errorCode = .topicAuthorizationFailed
                }
            }
            try await KafkaConsumer.withConsumer(self.manual(kafka), assigned: [TopicPartition("open", 0)]) {
                consumer in
                let failure = await #expect(throws: KafkaError.self) {
                    try await consumer.commit([
                        TopicPartition("open", 0): OffsetAndMetadata(offset: 3),
                        TopicPartition("secret", 0): OffsetAndMetadata(offset: 7),
                    ])
                }
                #expect(failure?.code == .authorizationFailed)
                #expect(failure?.topic == "secret")
                #expect(failure?.message.contains("open-0") == true, "\(failure?.message ?? "")")
            }
            let committed = try await kafka.committedOffset(of: "g", topic: "open", partition: 0)
            #expect(committed == 3)
            #expect(kafka.requests.count { $0.api == .offsetCommit } == 1)
        }
    }

    @Test(arguments: [
        ErrorCode.fencedLeaderEpoch, .offsetMetadataTooLarge, .inconsistentTopicId, .unknownServerError,
    ])
    func aCommitThatIsRefusedPermanentlyIsNotSentAgain(error: ErrorCode) async throws {
        try await self.withoutAutomaticTopics { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.fail(error), on: .offsetCommit, times: nil)
            try await KafkaConsumer.withConsumer(self.manual(kafka), assigned: [TopicPartition("t", 0)]) { consumer in
                let failure = await #expect(throws: KafkaError.self) {
                    try await consumer.commit([TopicPartition("t", 0): OffsetAndMetadata(offset: 0)])
                }
                #expect(failure?.brokerCode == error)
                #expect(failure?.isRetriable == false)
            }
            #expect(kafka.requests.count { $0.api == .offsetCommit } == 1)
        }
    }

    @Test(arguments: [
        ErrorCode.fencedLeaderEpoch, .unknownTopicOrPartition,
    ])
    func aLookUpOfCommittedOffsetsThatIsRefusedPermanentlyIsNotSentAgain(error: ErrorCode) async throws {
        try await self.withoutAutomaticTopics { kafka in
            try await kafka.createTopic("t")
            kafka.rewrite(OffsetFetchRequest.self, times: nil) { _, _, response in
                for group in response.groups.indices {
                    for topic in response.groups[group].topics.indices {
                        response.groups[group].topics[topic].partitions[0].errorCode = error
                    }
                }
            }
            try await KafkaConsumer.withConsumer(self.manual(kafka), assigned: []) { consumer in
                let failure = await #expect(throws: KafkaError.self) {
                    _ = try await consumer.committedOffset(of: TopicPartition("t", 0))
                }
                #expect(failure?.brokerCode == error)
            }
            #expect(kafka.requests.count { $0.api == .offsetFetch } == 1)
        }
    }

    @Test func anExplicitCommitRepeatsAnUnchangedOffset() async throws {
        try await self.withoutAutomaticTopics { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            for isSubscribed in [true, false] {
                kafka.forgetRequests()
                let consumer = try KafkaConsumer(self.manual(kafka))
                if isSubscribed {
                    try consumer.subscribe(to: ["t"])
                } else {
                    try consumer.assign([TopicPartition("t", 0)])
                    // Start at the beginning again.
                }
                let run = Task { try await consumer.run() }
                if !isSubscribed { try await consumer.seek(TopicPartition("t", 0), to: .beginning) }
                for try await record in consumer.records where record.offset == 2 { break }
                for _ in 0..<3 { try await consumer.commit() }
                #expect(kafka.requests.count { $0.api == .offsetCommit } == 3)
                consumer.triggerGracefulShutdown()
                try await run.value
            }
        }
    }

    @Test(arguments: [true, false])
    func aCommitWithoutRunFailsWithAnExplanation(isOwn: Bool) async throws {
        try await self.withoutAutomaticTopics { kafka in
            try await kafka.createTopic("t")
            var configuration = self.manual(kafka)
            configuration.cluster.apiTimeout = .seconds(2)
            let consumer = try KafkaConsumer(configuration)
            if isOwn { try consumer.assign([TopicPartition("t", 0)]) } else { try consumer.subscribe(to: ["t"]) }
            let start = self.clock.now
            let failure = await #expect(throws: KafkaError.self) {
                try await consumer.commit([TopicPartition("t", 0): OffsetAndMetadata(offset: 1)])
            }
            #expect(self.clock.now - start == (isOwn ? .seconds(2) : .zero))
            #expect(failure?.message.contains("run()") == true, "\(failure?.message ?? "")")
            #expect(failure?.message.contains("rebalanced") == false)
        }
    }

    @Test func aCommitByAConsumerThatIsNoMemberDoesNotMentionARebalance() async throws {
        try await self.withoutAutomaticTopics { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { member in
                for try await _ in member.records { break }
                // The group has members, so only they can commit in it.
                try await KafkaConsumer.withConsumer(self.manual(kafka), assigned: [TopicPartition("t", 0)]) {
                    consumer in
                    let failure = await #expect(throws: KafkaError.self) {
                        try await consumer.commit([TopicPartition("t", 0): OffsetAndMetadata(offset: 1)])
                    }
                    #expect(failure?.code == .commitFailed)
                    #expect(failure?.message.contains("subscribe") == true, "\(failure?.message ?? "")")
                    #expect(failure?.message.contains("rebalanced") == false)
                }
            }
        }
    }
}
