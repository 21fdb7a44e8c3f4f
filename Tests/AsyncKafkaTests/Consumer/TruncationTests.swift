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

/// Logs that lose records that were already read, as after an unclean election (KIP-320).
@Suite(.timeLimit(.minutes(1))) struct TruncationTests {
    private let partition = TopicPartition("t", 0)

    /// Runs `body` with a consumer that has read ten records of broker 1's log. Only the first four are in the log of
    /// broker 2, which continues with other records at the same offsets.
    private func withTruncatedLog(
        _ reset: ConsumerConfiguration.AutoOffsetReset, _ body: (EmbeddedKafka, KafkaConsumer) async throws -> Void
    ) async throws {
        try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", replicationFactor: 2)
            try await kafka.fill("t", 10, prefix: "old", oneByOne: true)
            var configuration = kafka.consuming()
            configuration.autoOffsetReset = reset
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                try await consumer.seek(self.partition, to: .beginning)
                var offsets: [Int64] = []
                for try await record in consumer.records {
                    offsets.append(record.offset)
                    if offsets.count == 10 { break }
                }
                try await kafka.truncate("t", partition: 0, to: 4)
                try await kafka.moveLeader(of: "t", partition: 0, to: 2)
                try await kafka.fill("t", 10, prefix: "new", oneByOne: true)
                try await body(kafka, consumer)
            }
        }
    }

    @Test func aTruncationIsDetectedAndReadingContinuesWhereTheLogsDiverge() async throws {
        try await self.withTruncatedLog(.earliest) { _, consumer in
            var read: [String] = []
            for try await record in consumer.records {
                read.append("\(record.offset) \(record.text)")
                if read.count == 10 { break }
            }
            #expect(read == (0..<10).map { "\($0 + 4) new\($0)" })
        }
    }

    @Test func withoutAResetPolicyTheErrorNamesTheOffsetWhereTheLogsDiverge() async throws {
        try await self.withTruncatedLog(.none) { _, consumer in
            let failure = await #expect(throws: KafkaError.self) {
                for try await _ in consumer.records { break }
            }
            #expect(failure?.code == .logTruncated)
            #expect(failure?.message.contains("10") == true && failure?.message.contains("4") == true)
            #expect(failure?.topic == "t" && failure?.partition == 0)
            try await consumer.seek(self.partition, to: .offset(4))
            let record = try await consumer.nextRecord()
            #expect(record?.text == "new0")
        }
    }

    @Test func aCommittedOffsetBeyondATruncationIsDetected() async throws {
        try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", replicationFactor: 2)
            try await kafka.fill("t", 10, prefix: "old", oneByOne: true)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                var count = 0
                for try await record in consumer.records {
                    count += 1
                    if count == 10 {
                        try await consumer.commit(record)
                        break
                    }
                }
            }
            // No consumer runs when it happens.
            try await kafka.truncate("t", partition: 0, to: 4)
            try await kafka.moveLeader(of: "t", partition: 0, to: 2)
            try await kafka.fill("t", 10, prefix: "new", oneByOne: true)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                let record = try await consumer.nextRecord()
                #expect(record?.offset == 4)
                #expect(record?.text == "new0")
            }
        }
    }

    @Test func anIntactLogIsReadOnWithoutAWarning() async throws {
        try await EmbeddedKafka.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition]) { consumer in
                var offsets: [Int64] = []
                for round in 0..<6 {
                    try await kafka.fill("t", 5, oneByOne: true)
                    for try await record in consumer.records {
                        offsets.append(record.offset)
                        if offsets.count == (round + 1) * 5 { break }
                    }
                    try await kafka.moveLeader(of: "t", partition: 0, to: (round + 1) % 3 + 1)
                }
                #expect(offsets == Array(0..<30))
            }
        }
    }
}
