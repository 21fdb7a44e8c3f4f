// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// Answers that exceed the maximum response size.
@Suite(.timeLimit(.minutes(1))) struct LargeAnswerTests {
    /// Creates a topic in which one partition has a record of 5 MB.
    private func withLargeRecord(
        in partition: Int32, of partitions: Int, _ body: (EmbeddedKafka) async throws -> Void
    ) async throws {
        var cluster = EmbeddedKafka.Configuration()
        cluster.maxBatchBytes = 8 << 20
        try await EmbeddedKafka.withCluster(cluster) { kafka in
            try await kafka.createTopic("t", partitions: partitions)
            let writing = kafka.producing { $0.maxRequestSize = 8 << 20 }
            try await KafkaProducer.withProducer(writing) { producer in
                let value = Bytes(repeatElement(UInt8(1), count: 5_000_000))
                _ = try await producer.send(ProducerRecord(topic: "t", partition: partition, value: value))
            }
            try await body(kafka)
        }
    }

    @Test(arguments: [1, 2])
    func aRecordAboveTheMaximumResponseSizeIsReportedToTheReader(partitions: Int) async throws {
        try await self.withLargeRecord(in: 0, of: partitions) { kafka in
            var configuration = kafka.consuming()
            configuration.cluster.maxResponseSize = 1 << 20
            let all = (0..<partitions).map { TopicPartition("t", Int32($0)) }
            try await KafkaConsumer.withConsumer(configuration, assigned: all) { consumer in
                let error = await #expect(throws: KafkaError.self) {
                    _ = try await consumer.poll(timeout: .seconds(30))
                }
                #expect(error?.code == .recordTooLarge)
                #expect(error?.message.contains("maxResponseSize") == true, "\(error?.message ?? "")")
            }
        }
    }

    /// The answer doesn't show which partition's batch is too large.
    @Test(arguments: [2, 5])
    func theErrorNamesTheLargePartitionAndTheOthersAreRead(partitions: Int) async throws {
        try await self.withLargeRecord(in: 1, of: partitions) { kafka in
            let all = (0..<partitions).map { TopicPartition("t", Int32($0)) }
            let healthy = all.filter { $0.partition != 1 }
            var configuration = kafka.consuming()
            configuration.cluster.maxResponseSize = 1 << 20
            try await KafkaConsumer.withConsumer(configuration, assigned: all) { consumer in
                var texts: Set<String> = []
                var errors: [KafkaError] = []
                /// Reads until a condition holds, ignoring errors.
                func read(until isDone: () -> Bool) async {
                    while !isDone(), !Task.isCancelled {
                        do throws(KafkaError) {
                            for record in try await consumer.poll(timeout: .seconds(1)) { texts.insert(record.text) }
                        } catch {
                            errors.append(error)
                        }
                    }
                }
                for round in ["a", "b"] {
                    for partition in healthy {
                        try await kafka.fill("t", partition: partition.partition, 1, prefix: "\(round)\(partition) ")
                    }
                    await read { texts.count == healthy.count * (round == "a" ? 1 : 2) && !errors.isEmpty }
                }
                #expect(errors.allSatisfy { $0.code == .recordTooLarge && $0.partition == 1 }, "\(errors)")
                // After the large record, the partition is read as before.
                try await consumer.seek(TopicPartition("t", 1), to: .offset(1))
                try await kafka.fill("t", partition: 1, 1, prefix: "past it ")
                await read { texts.contains("past it 0") }
            }
        }
    }

    /// Brokers fill an answer up to the requested size, and the headers come on top.
    @Test(arguments: [1, 4]) func smallBatchesNeverMakeAnAnswerTooLarge(partitions: Int32) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: Int(partitions))
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                for partition in 0..<partitions {
                    for _ in 0..<16 {
                        // This makes a batch of exactly 1024 bytes.
                        let value = Bytes(repeatElement(UInt8(1), count: 954))
                        _ = try await producer.send(ProducerRecord(topic: "t", partition: partition, value: value))
                    }
                }
            }
            var configuration = kafka.consuming()
            configuration.cluster.maxResponseSize = 8 << 10
            let all = (0..<partitions).map { TopicPartition("t", $0) }
            try await KafkaConsumer.withConsumer(configuration, assigned: all) { consumer in
                var count = 0
                while count < 16 * Int(partitions) { count += try await consumer.poll(timeout: .seconds(30)).count }
            }
        }
    }
}
