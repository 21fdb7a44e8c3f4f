// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

extension Copy {
    /// How often a transaction is tried again: brokers may be away for minutes.
    private static let retries = 100

    /// Copies until the end, or until the task is cancelled.
    func run() async throws {
        try await KafkaAdminClient.withAdminClient(self.cluster) { admin in
            let partitions = try await Self.partitions(of: self.source, admin)
            try await self.checkTarget(of: partitions, admin)
            if let other = self.other {
                try await self.copy(partitions, to: other, admin)
            } else {
                try await self.copyInTransactions(partitions, admin)
            }
        }
    }

    private static func partitions(of topic: String, _ admin: KafkaAdminClient) async throws -> [TopicPartition] {
        try await [WrittenPartitions(topic: topic, numbers: [])].existingPartitions(admin)
    }

    private func checkTarget(of partitions: [TopicPartition], _ admin: KafkaAdminClient) async throws {
        let count =
            if let other = self.other {
                try await KafkaAdminClient.withAdminClient(other) {
                    try await Self.partitions(of: self.target, $0).count
                }
            } else { try await Self.partitions(of: self.target, admin).count }
        guard !self.isByKey, count < partitions.count else { return }
        throw Failure(
            "\(self.target) has \(count) partitions and \(self.source) has \(partitions.count). Add some, or use --by-key."
        )
    }

    // MARK: Copying

    private func copyInTransactions(_ partitions: [TopicPartition], _ admin: KafkaAdminClient) async throws {
        let settings = ProducerConfiguration(self.writing(self.cluster))
        try await KafkaTransactionalProducer.withProducer(settings, transactionalID: self.group) { producer in
            // An earlier copy's last transaction has ended then, and with it the offsets to go on from are known.
            try await producer.withTransaction { _ in }
            try await self.read(partitions, admin) { records, offsets, consumer in
                try await producer.withTransaction(retrying: Self.retries) { transaction in
                    for record in records { try await transaction.enqueue(self.copy(of: record)) }
                    try await transaction.commit(offsets, of: consumer)
                }
            }
        }
    }

    private func copy(
        _ partitions: [TopicPartition], to other: KafkaClientConfiguration, _ admin: KafkaAdminClient
    ) async throws {
        try await KafkaProducer.withProducer(ProducerConfiguration(self.writing(other))) { producer in
            try await self.read(partitions, admin) { records, offsets, consumer in
                for record in records { try await producer.enqueue(self.copy(of: record)) }
                try await producer.flush()
                try await consumer.commit(offsets)
            }
        }
    }

    private func writing(_ cluster: KafkaClientConfiguration) -> KafkaClientConfiguration {
        var cluster = cluster
        cluster.allowAutoTopicCreation = false
        return cluster
    }

    private func copy(of record: ConsumerRecord) -> ProducerRecord {
        ProducerRecord(
            topic: self.target, partition: self.isByKey ? nil : record.partition, key: record.key, value: record.value,
            headers: record.headers, timestamp: record.timestamp)
    }

    // MARK: Reading

    /// Reads from where the group is, and says at the end what was copied.
    private func read(
        _ partitions: [TopicPartition], _ admin: KafkaAdminClient,
        _ write: ([ConsumerRecord], [TopicPartition: OffsetAndMetadata], KafkaConsumer) async throws -> Void
    ) async throws {
        try await KafkaConsumer.withConsumer(self.configuration, assigned: []) { consumer in
            var counts = Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0) })
            func take(_ records: [ConsumerRecord]) async throws {
                var offsets: [TopicPartition: OffsetAndMetadata] = [:]
                for record in records {
                    offsets[record.topicPartition] = OffsetAndMetadata(
                        offset: record.offset + 1, leaderEpoch: record.leaderEpoch)
                }
                try await write(records, offsets, consumer)
                for record in records { counts[record.topicPartition, default: 0] += 1 }
            }
            let beginnings = try await consumer.offsets(of: .beginning, in: partitions)
            let committed = try await consumer.committedOffsets(of: partitions)
            let positions = beginnings.merging(committed.mapValues(\.offset), uniquingKeysWith: max)
            var standstill = StandstillCheck(admin, topics: [self.source])
            guard self.follows else {
                let ends = try await consumer.offsets(of: .end, in: partitions)
                var reader = LogReader(consumer: consumer, standstill: standstill, positions: positions, ends: ends)
                while let records = try await reader.next() { try await take(records) }
                let rows = partitions.map { CopiedPartition(partition: $0.partition, records: counts[$0, default: 0]) }
                return try self.output.list(rows, CopiedPartition.columns)
            }
            try consumer.assign(partitions)
            for (partition, offset) in positions { try await consumer.seek(partition, to: .offset(offset)) }
            while true {
                let records = try await consumer.poll(max: 2000, timeout: .seconds(10))
                if records.isEmpty { try await standstill.complain() } else { try await take(records) }
            }
        }
    }

    private var configuration: ConsumerConfiguration {
        var configuration = ConsumerConfiguration(self.writing(self.cluster), groupID: self.group)
        configuration.enableAutoCommit = false
        configuration.isolationLevel = .readCommitted
        configuration.autoOffsetReset = .earliest
        return configuration
    }
}

/// What was copied of a partition.
private struct CopiedPartition {
    let partition: Int32
    let records: Int

    static let columns: [Column<CopiedPartition>] = [
        Column("partition") { JSONValue($0.partition) }, Column("copied") { JSONValue($0.records) },
    ]
}
