// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaTestSupport
import Testing

@testable import async_kafka

/// Reading from a log that isn't as it was when the reading began.
@Suite(.timeLimit(.minutes(1)))
struct LogReaderTests {
    /// Reads partition 0 of `orders` up to an offset.
    private func values(_ kafka: EmbeddedKafka, upTo end: Int64) async throws -> [String] {
        let cluster = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
        var configuration = ConsumerConfiguration(cluster)
        configuration.cluster.allowAutoTopicCreation = false
        let partition = TopicPartition("orders", 0)
        return try await KafkaAdminClient.withAdminClient(cluster) { admin in
            try await KafkaConsumer.withConsumer(configuration, assigned: []) { consumer in
                let reader = LogReader(
                    consumer: consumer, standstill: StandstillCheck(admin, topics: ["orders"]),
                    positions: [partition: 0], ends: [partition: end])
                var values: [String] = []
                try await reader.read { records in
                    values += records.map { String($0.value) ?? "" }
                    return true
                }
                return values
            }
        }
    }

    @Test func aDeletedTopicEndsTheReading() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let error = await #expect(throws: KafkaError.self) { try await self.values(kafka, upTo: 5) }
            #expect(error?.code == .unknownTopicOrPartition)
        }
    }

    @Test func aPartitionWithoutLeaderEndsTheReading() async throws {
        try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("orders", partitions: 2, replicationFactor: 1)
            let leader = try #require(try await kafka.leader(of: "orders", partition: 0))
            try await kafka.stopBroker(leader)
            let failure = await #expect(throws: Failure.self) { try await self.values(kafka, upTo: 5) }
            #expect(failure?.description == "Partition 0 of orders has no leader, so that nobody can read it.")
        }
    }

    @Test func aLogThatHasBecomeShorterIsReadToItsEnd() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await ToolProgram(kafka.bootstrapServers).succeed("produce", "orders", "a", "b")
            #expect(try await self.values(kafka, upTo: 5) == ["a", "b"])
        }
    }
}
