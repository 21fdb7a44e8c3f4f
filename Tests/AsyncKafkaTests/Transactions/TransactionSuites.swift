// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaMemory

/// Tests with a transactional producer.
protocol TransactionalProducerSuite {}

extension TransactionalProducerSuite {
    func record(_ value: String, in topic: String = "t") -> ProducerRecord {
        ProducerRecord(topic: topic, value: Bytes(value))
    }

    /// Runs `body` with a topic `t` and a producer.
    func withProducer(
        _ version: Int = 2, brokers: Int = 1, id: String = "billing", timeout: Duration = .seconds(60),
        _ change: @escaping @Sendable (inout ProducerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaTransactionalProducer) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: brokers)
        configuration.transactionVersion = version
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            try await kafka.createTopic("t")
            try await KafkaTransactionalProducer.withProducer(
                kafka.producing(change), transactionalID: id, transactionTimeout: timeout
            ) { try await body(kafka, $0) }
        }
    }
}

/// Tests with a transactional producer and a consumer whose offsets are in its transactions.
protocol ConsumedTransactionsSuite: Sendable {}

extension ConsumedTransactionsSuite {
    var partition: TopicPartition { TopicPartition("in", 0) }

    func record(_ value: String, in topic: String = "out") -> ProducerRecord {
        ProducerRecord(topic: topic, value: Bytes(value))
    }

    /// Runs `body` with the topics `in`, which has ten records, and `out`, a producer and a consumer of `in` in a group.
    func withProducer(
        _ change: (inout EmbeddedKafka.Configuration) -> Void = { _ in },
        timeout: Duration = .seconds(60), produce: (inout ProducerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaTransactionalProducer, KafkaConsumer) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.createTopicsAutomatically = false
        change(&configuration)
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            for topic in ["in", "out"] { try await kafka.createTopic(topic) }
            try await kafka.fill("in", 10, oneByOne: true)
            var consuming = kafka.consuming("group")
            consuming.enableAutoCommit = false
            let settings = kafka.producing {
                $0.maxBlock = .milliseconds(500)
                produce(&$0)
            }
            try await KafkaConsumer.withConsumer(consuming, assigned: [self.partition]) { consumer in
                try await KafkaTransactionalProducer.withProducer(
                    settings, transactionalID: "billing", transactionTimeout: timeout
                ) { try await body(kafka, $0, consumer) }
            }
        }
    }
}

extension EmbeddedKafka {
    /// The values of a topic's first partition that those who read committed get.
    func committed(_ topic: String) async throws -> [String] {
        var configuration = self.consuming()
        configuration.isolationLevel = .readCommitted
        let partition = TopicPartition(topic, 0)
        return try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) { consumer in
            var values: [String] = []
            // The end of the log in general, behind the last marker: what is undecided must not be passed over.
            var all = self.consuming()
            all.isolationLevel = .readUncommitted
            let end = try await KafkaConsumer.withConsumer(all, assigned: [partition]) {
                try await $0.endOffsets(of: [partition])[partition] ?? 0
            }
            while try await consumer.position(of: partition) < end {
                for record in try await consumer.poll(timeout: .milliseconds(100)) {
                    values.append(record.value.map { String(decoding: $0, as: UTF8.self) } ?? "")
                }
            }
            return values
        }
    }

    /// The committed offset of a group in a topic's first partition.
    func groupOffset(_ group: String, _ topic: String) async throws -> Int64? {
        let partition = TopicPartition(topic, 0)
        return try await KafkaAdminClient.withAdminClient(self.clientConfiguration) { admin in
            try await admin.listGroupOffsets(of: group, in: [partition])[partition]?.get()?.offset
        }
    }
}

/// The code of the error that `body` throws.
func code(_ body: () async throws -> Void) async -> KafkaError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? KafkaError)?.code
    }
}
