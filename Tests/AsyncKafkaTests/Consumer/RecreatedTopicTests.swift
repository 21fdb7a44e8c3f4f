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

/// Topics that are deleted and recreated under the same name.
@Suite(.timeLimit(.minutes(1))) struct RecreatedTopicTests {
    private let clock = TestClock()
    private let partition = TopicPartition("t", 0)

    /// The age of a broker.
    enum Age: CaseIterable {
        case current
        /// Topics have ids, and Fetch names topics (Kafka 2.8 to 3.0).
        case fetchesByName
        /// Topics have no ids (Kafka 2.7 and before).
        case withoutTopicIDs

        /// No client's request creates a topic before the test does.
        var configuration: EmbeddedKafka.Configuration {
            var configuration = EmbeddedKafka.Configuration()
            configuration.createTopicsAutomatically = false
            if self != .current { configuration.maxVersions = [.fetch: 12, .produce: 9, .offsetCommit: 8] }
            if self == .withoutTopicIDs { configuration.maxVersions[.metadata] = 9 }
            return configuration
        }
    }

    /// Recreates the topic after a consumer has noticed the deletion. Where Fetch uses names, a topic that is recreated
    /// between two fetches is noticed only with the next metadata.
    private func makeAgain(_ kafka: EmbeddedKafka) async throws {
        try await kafka.deleteTopic("t")
        kafka.forgetRequests()
        await kafka.untilRequests(of: .fetch)
        try await kafka.createTopic("t")
    }

    private func read(_ count: Int, from consumer: KafkaConsumer) async throws -> [String] {
        var read: [String] = []
        for try await record in consumer.records {
            read.append(record.text)
            if read.count == count { break }
        }
        return read
    }

    @Test(arguments: Age.allCases.prefix(2))
    func aRecreatedTopicWithALongerLogIsReadByThePolicyWithAWarning(age: Age) async throws {
        try await EmbeddedKafka.withCluster(age.configuration) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 20, prefix: "old", oneByOne: true)
            let log = KeptLog(minimum: .warning)
            var configuration = kafka.consuming()
            configuration.cluster.log = log
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                let old = try await self.read(20, from: consumer)
                #expect(old.last == "old19")
                try await self.makeAgain(kafka)
                try await kafka.fill("t", 50, prefix: "new", oneByOne: true)
                let new = try await self.read(50, from: consumer)
                #expect(new == (0..<50).map { "new\($0)" })
            }
            let said = log.lines.filter { $0.contains("made again") }
            #expect(said.count == 1, "\(log.lines)")
            #expect(said.first?.contains("kafka.topic=t") == true && said.first?.contains("kafka.offset=20") == true)
        }
    }

    /// Without ids, only a position outside of the log or leader epochs that start again reveal a recreated topic.
    @Test(arguments: [(3, false, "outside"), (3, true, "made again"), (50, true, "made again")])
    func aRecreatedTopicWithoutIDsIsReadByThePolicyIfItIsDetected(
        count: Int, isOfLaterEpoch: Bool, words: String
    ) async throws {
        try await EmbeddedKafka.withCluster(Age.withoutTopicIDs.configuration) { kafka in
            try await kafka.createTopic("t")
            if isOfLaterEpoch { try await kafka.moveLeader(of: "t", partition: 0, to: 1) }
            try await kafka.fill("t", 20, prefix: "old")
            let log = KeptLog(minimum: .warning)
            var configuration = kafka.consuming()
            configuration.cluster.log = log
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                _ = try await self.read(20, from: consumer)
                try await self.makeAgain(kafka)
                try await kafka.fill("t", count, prefix: "new")
                let new = try await self.read(count, from: consumer)
                #expect(new == (0..<count).map { "new\($0)" })
            }
            #expect(log.lines.contains { $0.contains(words) && $0.contains("kafka.offset=20") }, "\(log.lines)")
        }
    }

    @Test func withoutAResetPolicyARecreatedTopicIsAnErrorUntilASeek() async throws {
        try await EmbeddedKafka.withCluster(Age.current.configuration) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 5, prefix: "old")
            var configuration = kafka.consuming()
            configuration.autoOffsetReset = .none
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                try await consumer.seek(self.partition, to: .beginning)
                _ = try await self.read(5, from: consumer)
                try await self.makeAgain(kafka)
                try await kafka.fill("t", 9, prefix: "new")
                let failure = await #expect(throws: KafkaError.self) { try await self.read(1, from: consumer) }
                #expect(failure?.code == .offsetOutOfRange)
                #expect(failure?.message.contains("made again") == true && failure?.topic == "t")
                // Still no records from the middle of the log.
                let again = await #expect(throws: KafkaError.self) { try await self.read(1, from: consumer) }
                #expect(again?.code == .noOffsetForPartition)
                try await consumer.seek(self.partition, to: .beginning)
                let new = try await self.read(1, from: consumer)
                #expect(new == ["new0"])
            }
        }
    }

    @Test(arguments: [true, false], Age.allCases)
    func aCommitOfTheSameOffsetInARecreatedTopicIsStored(isSubscribed: Bool, age: Age) async throws {
        try await EmbeddedKafka.withCluster(age.configuration) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 5, prefix: "old")
            var configuration = kafka.consuming("g")
            configuration.enableAutoCommit = false
            let consumer = try KafkaConsumer(configuration)
            if isSubscribed { try consumer.subscribe(to: ["t"]) } else { try consumer.assign([self.partition]) }
            let run = Task { try await consumer.run() }
            _ = try await self.read(5, from: consumer)
            try await consumer.commit()
            let before = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
            #expect(before == 5)
            try await self.makeAgain(kafka)
            if age == .withoutTopicIDs {
                // Only a position outside of the log reveals the new topic.
                try await kafka.fill("t", 4, prefix: "new")
                _ = try await self.read(4, from: consumer)
                try await kafka.fill("t", 1, prefix: "new")
                _ = try await self.read(1, from: consumer)
            } else {
                try await kafka.fill("t", 5, prefix: "new")
                _ = try await self.read(5, from: consumer)
            }
            try await consumer.commit()
            let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
            #expect(committed == 5)
            consumer.triggerGracefulShutdown()
            try await run.value
        }
    }

    /// Runs `body` with a topic of twenty records and a configuration without automatic commits, and expects that
    /// nothing is committed.
    private func committingNothing(
        _ body: @escaping @Sendable (EmbeddedKafka, inout ConsumerConfiguration) async throws -> Void
    ) async throws {
        try await self.clock.withCluster(Age.current.configuration) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 20, prefix: "old")
            var configuration = kafka.consuming("g")
            configuration.enableAutoCommit = false
            try await body(kafka, &configuration)
            let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
            #expect(committed == nil)
        }
    }

    @Test func aRecordOfTheOldTopicIsNotCommittedInTheNew() async throws {
        try await self.committingNothing { kafka, configuration in
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                var kept: ConsumerRecord?
                for try await record in consumer.records where record.offset == 10 {
                    kept = record
                    break
                }
                try await self.makeAgain(kafka)
                try await kafka.fill("t", 50, prefix: "new")
                // Records fetched before may still be delivered.
                for try await record in consumer.records where record.text.hasPrefix("new") {
                    #expect(record.text == "new0")
                    break
                }
                let old = try #require(kept)
                let failure = await #expect(throws: KafkaError.self) { try await consumer.commit(old) }
                #expect(failure?.code == .commitFailed)
            }
        }
    }

    @Test func aCommitForTheOldTopicIsNotTakenForTheNew() async throws {
        try await self.committingNothing { kafka, configuration in
            configuration.cluster.clientID = "reader"
            configuration.cluster.requestTimeout = .seconds(3)
            configuration.cluster.apiTimeout = .seconds(6)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                _ = try await self.read(20, from: consumer)
                // The client doesn't know yet that the topic is a different one.
                kafka.inject(.fail(.unknownServerError), on: .fetch, times: nil)
                kafka.inject(.dropAnswer, on: .metadata, clientID: "reader", times: 1)
                try await kafka.deleteTopic("t")
                try await kafka.createTopic("t")
                try await kafka.fill("t", 50, prefix: "new")
                await #expect(throws: KafkaError.self) { try await consumer.commit() }
            }
        }
    }
}
