// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// Fetching from a follower in the consumer's rack (KIP-392).
@Suite(.timeLimit(.minutes(1))) struct NearestReplicaTests {
    private let partition = TopicPartition("t", 0)

    /// Broker 1 is the leader and is in rack `a`; the consumer and broker 2 are in rack `b`.
    private func withRacks(
        _ body: (EmbeddedKafka, KafkaConsumer) async throws -> Void
    ) async throws {
        var brokers = EmbeddedKafka.Configuration()
        brokers.brokers = 2
        brokers.racks = ["a", "b"]
        brokers.offerNearestReplica = true
        try await EmbeddedKafka.withCluster(brokers) { kafka in
            try await kafka.createTopic("t", replicationFactor: 2)
            try await kafka.fill("t", 5, oneByOne: true)
            var configuration = kafka.consuming()
            configuration.cluster.rack = "b"
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                try await body(kafka, consumer)
            }
        }
    }

    private func read(_ count: Int, _ consumer: KafkaConsumer) async throws -> [Int64] {
        var offsets: [Int64] = []
        for try await record in consumer.records {
            offsets.append(record.offset)
            if offsets.count == count { break }
        }
        return offsets
    }

    @Test func recordsAreReadFromTheReplicaInTheConsumersRack() async throws {
        try await self.withRacks { kafka, consumer in
            var offsets = try await self.read(5, consumer)
            kafka.forgetRequests()
            try await kafka.fill("t", 5, oneByOne: true)
            offsets += try await self.read(5, consumer)
            #expect(offsets == Array(0..<10))
            let sources = Set(kafka.requests.filter { $0.api == .fetch }.map(\.broker))
            #expect(sources == [2])
        }
    }

    @Test func aReplicaThatIsGoneIsReplacedByTheLeader() async throws {
        try await self.withRacks { kafka, consumer in
            var offsets = try await self.read(5, consumer)
            await kafka.untilRequests { $0.contains { $0.api == .fetch && $0.broker == 2 } }
            try await kafka.stopBroker(2)
            kafka.forgetRequests()
            try await kafka.fill("t", 5, oneByOne: true)
            offsets += try await self.read(5, consumer)
            #expect(offsets == Array(0..<10))
            #expect(kafka.requests.contains { $0.api == .fetch && $0.broker == 1 })
        }
    }

    @Test func anOffsetMissingOnTheReplicaIsReadFromTheLeader() async throws {
        try await self.withRacks { kafka, consumer in
            // The follower lags behind the leader.
            kafka.rewrite(FetchRequest.self, broker: 2, times: 1) { _, _, response in
                guard !response.responses.isEmpty else { return }
                response.responses[0].partitions[0].errorCode = .offsetOutOfRange
                response.responses[0].partitions[0].records = nil
            }
            let offsets = try await self.read(5, consumer)
            // A reset would start again at the beginning. Nothing is skipped or duplicated.
            #expect(offsets == Array(0..<5))
            #expect(!kafka.requests.contains { $0.api == .listOffsets && $0.broker == 2 })
        }
    }
}
