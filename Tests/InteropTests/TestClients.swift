// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaTestSupport
import Testing

extension TestCluster {
    /// Runs `body` with a producer that has the test's settings.
    func withProducer<Result>(
        _ configure: (inout ProducerConfiguration) -> Void = { _ in },
        _ body: (KafkaProducer) async throws -> Result
    ) async throws -> Result {
        var configuration = ProducerConfiguration(self.client)
        configure(&configuration)
        return try await KafkaProducer.withProducer(configuration, body)
    }

    /// Sends records, waits until all are acknowledged, and returns where they are stored.
    @discardableResult
    func produce(
        _ records: [ProducerRecord], _ configure: (inout ProducerConfiguration) -> Void = { _ in }
    ) async throws -> [RecordMetadata] {
        try await self.withProducer(configure) { producer in
            try await producer.send(records).map { try $0.get() }
        }
    }

    /// A consumer configuration that reads from the beginning, in a group if one is given.
    func consumer(group: String? = nil) -> ConsumerConfiguration {
        var configuration = ConsumerConfiguration(self.client, groupID: group)
        configuration.autoOffsetReset = .earliest
        configuration.heartbeatInterval = .milliseconds(300)
        configuration.sessionTimeout = .seconds(20)
        configuration.maxPollInterval = .seconds(60)
        return configuration
    }

    /// Reads this many records from the beginning of these partitions, in the order in which they are returned.
    func read(_ count: Int, from topic: String, partitions: Int = 1) async throws -> [ConsumerRecord] {
        let assigned = (0..<partitions).map { TopicPartition(topic, Int32($0)) }
        return try await KafkaConsumer.withConsumer(self.consumer(), assigned: assigned) { consumer in
            try await consumer.read(count)
        }
    }

    /// Reads everything in these partitions, up to their current ends.
    func readAll(of topic: String, partitions: Int = 1) async throws -> [ConsumerRecord] {
        let assigned = (0..<partitions).map { TopicPartition(topic, Int32($0)) }
        return try await KafkaConsumer.withConsumer(self.consumer(), assigned: assigned) { consumer in
            let ends = try await consumer.endOffsets(of: assigned)
            var records: [ConsumerRecord] = []
            // Not by counting: transactions and compaction leave gaps.
            var open = Set(ends.filter { $0.value > 0 }.keys)
            while !open.isEmpty {
                for record in try await consumer.poll(max: 10_000, timeout: .seconds(1)) { records.append(record) }
                for partition in open
                where try await consumer.position(of: partition) >= ends[partition, default: 0] {
                    open.remove(partition)
                }
            }
            return records
        }
    }
}

extension KafkaConsumer {
    /// Reads exactly this many records.
    func read(_ count: Int) async throws -> [ConsumerRecord] {
        var records: [ConsumerRecord] = []
        guard count > 0 else { return records }
        for try await record in self.records {
            records.append(record)
            if records.count == count { break }
        }
        return records
    }
}

extension ConsumerRecord {
    /// The value as text. Nil is a tombstone.
    var text: String? { self.value.map { String(decoding: $0, as: UTF8.self) } }
    var keyText: String? { self.key.map { String(decoding: $0, as: UTF8.self) } }
}
