// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Missing topics are requested until they exist. The age at which metadata is refreshed anyway is longer than the
/// tests may take by their clock.
@Suite(.timeLimit(.minutes(1))) struct LackingTopicsTests {
    private let clock = TestClock()

    private func withKafka(
        brokers: Int = 1, _ body: @escaping @Sendable (EmbeddedKafka) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: brokers)
        configuration.createTopicsAutomatically = false
        try await self.clock.withCluster(configuration, body)
    }

    private func consuming(
        _ kafka: EmbeddedKafka, _ group: String? = nil, log: any KafkaLog = SilentLog()
    ) -> ConsumerConfiguration {
        var configuration = kafka.consuming(group)
        configuration.cluster.metadataMaxAge = .seconds(600)
        configuration.cluster.refusalPause = .seconds(1)
        configuration.cluster.log = log
        return configuration
    }

    /// Reads one record, which is written after the consumer has requested the missing topic several times.
    private func readsWhatComes(
        _ consumer: KafkaConsumer, _ kafka: EmbeddedKafka, _ make: @escaping @Sendable () async throws -> Void
    ) async throws -> String? {
        try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                var records = consumer.records.makeAsyncIterator()
                return try await records.next()?.text
            }
            await kafka.untilRequests(of: .metadata, count: 3)
            try await make()
            return try await group.next() ?? nil
        }
    }

    @Test(arguments: [nil, "g"])
    func aSubscribedTopicMayBeCreatedLater(group: String?) async throws {
        try await self.withKafka { kafka in
            try await KafkaConsumer.withConsumer(self.consuming(kafka, group), subscribedTo: ["t"]) { consumer in
                let read = try await self.readsWhatComes(consumer, kafka) {
                    try await kafka.createTopic("t")
                    try await kafka.fill("t", 1)
                }
                #expect(read == "v0")
            }
        }
    }

    @Test(arguments: [nil, "g"])
    func aPatternMayMatchNothingAtFirst(group: String?) async throws {
        try await self.withKafka { kafka in
            let pattern = try TopicPattern("t.*")
            try await KafkaConsumer.withConsumer(self.consuming(kafka, group), subscribedTo: pattern) { consumer in
                let read = try await self.readsWhatComes(consumer, kafka) {
                    try await kafka.createTopic("t1")
                    try await kafka.fill("t1", 1)
                }
                #expect(read == "v0")
            }
        }
    }

    @Test(arguments: [nil, "g"])
    func anAssignedPartitionMayBeCreatedLater(group: String?) async throws {
        try await self.withKafka { kafka in
            let partition = TopicPartition("t", 1)
            try await KafkaConsumer.withConsumer(self.consuming(kafka, group), assigned: [partition]) { consumer in
                let read = try await self.readsWhatComes(consumer, kafka) {
                    try await kafka.createTopic("t", partitions: 2)
                    try await kafka.fill("t", partition: 1, 1)
                }
                #expect(read == "v0")
            }
        }
    }

    /// A broker that has just started reports its topics before it leads them.
    @Test(arguments: [nil, "g"])
    func readingContinuesAfterTheOnlyBrokerHasRestarted(group: String?) async throws {
        try await self.withKafka { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            try await KafkaConsumer.withConsumer(self.consuming(kafka, group), subscribedTo: ["t"]) { consumer in
                var records = consumer.records.makeAsyncIterator()
                #expect(try await records.next()?.text == "v0")
                try await kafka.stopBroker(1)
                let leaderless = kafka.rewrite(MetadataRequest.self, times: 3) { _, _, response in
                    for topic in response.topics.indices {
                        for partition in response.topics[topic].partitions.indices {
                            response.topics[topic].partitions[partition].leaderId = -1
                            response.topics[topic].partitions[partition].errorCode = .leaderNotAvailable
                        }
                    }
                }
                try await kafka.startBroker(1)
                try await self.clock.until { leaderless.hits == 3 }
                try await kafka.fill("t", 1, prefix: "w")
                #expect(try await records.next()?.text == "w0")
            }
        }
    }

    @Test(arguments: [true, false])
    func aRefusedTopicIsReportedAgainUntilAccessIsGranted(subscribes: Bool) async throws {
        try await self.withKafka { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            let refusal = kafka.rewrite(MetadataRequest.self, times: nil) { _, _, response in
                for topic in response.topics.indices {
                    response.topics[topic].errorCode = .topicAuthorizationFailed
                    response.topics[topic].partitions = []
                }
            }
            let read = { (consumer: KafkaConsumer) in
                for _ in 0..<2 {
                    await #expect {
                        for try await _ in consumer.records {}
                    } throws: {
                        ($0 as? KafkaError)?.code == .authorizationFailed && ($0 as? KafkaError)?.topic == "t"
                    }
                }
                refusal.remove()
                for try await record in consumer.records {
                    #expect(record.text == "v0")
                    break
                }
            }
            if subscribes {
                try await KafkaConsumer.withConsumer(self.consuming(kafka), subscribedTo: ["t"], read)
            } else {
                let partition = TopicPartition("t", 0)
                try await KafkaConsumer.withConsumer(self.consuming(kafka), assigned: [partition], read)
            }
        }
    }

    @Test func aMissingTopicIsLoggedOnceAndSoIsItsArrival() async throws {
        try await self.withKafka { kafka in
            let log = KeptLog()
            try await KafkaConsumer.withConsumer(
                self.consuming(kafka, "g", log: log), subscribedTo: ["missing"]
            ) { consumer in
                await log.until(.warning, containing: "kafka.topic=missing")
                let read = try await self.readsWhatComes(consumer, kafka) {
                    try await kafka.createTopic("missing")
                    try await kafka.fill("missing", 1)
                }
                #expect(read == "v0")
                await log.until(.info, containing: "kafka.topic=missing")
            }
            #expect(log.count(.warning, containing: "kafka.topic=missing") == 1, "\(log.lines)")
        }
    }

    @Test func aPartitionWithoutALeaderIsLogged() async throws {
        try await self.withKafka(brokers: 2) { kafka in
            let log = KeptLog()
            try await kafka.createTopic("t", partitions: 2)
            let configuration = self.consuming(kafka, log: log)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                try await kafka.stopBroker(2)
                await log.until(.warning, containing: "kafka.partition=1")
                try await kafka.startBroker(2)
                await log.until(.info, containing: "kafka.topic=t")
                _ = consumer
            }
        }
    }
}
