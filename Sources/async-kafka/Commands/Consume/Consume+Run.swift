// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

extension Consume {
    /// Reads and writes until the end, or until the task is cancelled.
    func run() async throws {
        var configuration = ConsumerConfiguration(self.cluster)
        configuration.isolationLevel = self.isolation
        configuration.cluster.allowAutoTopicCreation = false
        switch self.source {
        case .group(let group):
            configuration.groupID = group
            configuration.enableAutoCommit = false  // What has been written is committed.
            configuration.autoOffsetReset = self.from == .end ? .latest : .earliest
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: self.topics) { consumer in
                try await self.readAsMember(consumer)
            }
        case .partitions(let numbers):
            try await KafkaConsumer.withConsumer(configuration, assigned: []) { consumer in
                try await self.read(consumer, numbers)
            }
        }
    }

    private func readAsMember(_ consumer: KafkaConsumer) async throws {
        var writer = RecordWriter(self)
        while !writer.isDone {
            let records = try await consumer.poll(max: writer.room, timeout: .seconds(10))
            try writer.write(records)
            if !records.isEmpty { try await consumer.commit() }
        }
    }

    private func read(_ consumer: KafkaConsumer, _ numbers: [Int32]) async throws {
        let partitions = try await self.partitions(consumer, numbers)
        let ends = try await consumer.offsets(of: self.to ?? .end, in: partitions)
        var positions: [TopicPartition: Int64]
        if let last {
            positions = try await consumer.offsets(of: .beforeEnd(Int64(last)), in: partitions)
        } else {
            positions = try await consumer.offsets(of: self.from ?? (self.follows ? .end : .beginning), in: partitions)
        }
        var writer = RecordWriter(self)
        if let last {
            var newest = NewestRecords(count: last)
            try await LogReader(consumer: consumer, positions: positions, ends: ends).read { records in
                newest.add(records)
                return true
            }
            try writer.write(newest.sorted)
            positions = ends
        }
        if self.follows {
            try await self.follow(consumer, from: positions, &writer)
        } else if last == nil {
            try await LogReader(consumer: consumer, positions: positions, ends: ends).read { records in
                try writer.write(records)
                return !writer.isDone
            }
        }
    }

    private func partitions(_ consumer: KafkaConsumer, _ numbers: [Int32]) async throws -> [TopicPartition] {
        var partitions: [TopicPartition] = []
        for topic in self.topics {
            let all = try await consumer.partitions(of: topic)
            if let missing = numbers.first(where: { !all.contains($0) }) {
                throw Failure("Topic \(topic) has no partition \(missing): it has \(all.count).")
            }
            partitions += (numbers.isEmpty ? all : numbers).map { TopicPartition(topic, $0) }
        }
        return partitions
    }

    private func follow(
        _ consumer: KafkaConsumer, from positions: [TopicPartition: Int64], _ writer: inout RecordWriter
    ) async throws {
        try consumer.assign(Array(positions.keys))
        for (partition, offset) in positions { try await consumer.seek(partition, to: .offset(offset)) }
        while !writer.isDone {
            try writer.write(try await consumer.poll(max: 2000, timeout: .seconds(10)))
        }
    }
}

/// The last records by their times, whatever partition they come from.
struct NewestRecords {
    let count: Int
    private var records: [ConsumerRecord] = []

    init(count: Int) { self.count = count }

    mutating func add(_ more: [ConsumerRecord]) {
        // Copies, because a record keeps the whole response of its broker in memory.
        self.records += more
        if self.records.count >= 2 * self.count + 10_000 { self.records = self.sorted }
    }

    /// The last records, the oldest first. Those of a partition are in the order of their offsets.
    var sorted: [ConsumerRecord] {
        let sorted = self.records.sorted { left, right in
            if left.topicPartition == right.topicPartition { return left.offset < right.offset }
            if left.timestamp != right.timestamp { return left.timestamp < right.timestamp }
            return left.topicPartition.description < right.topicPartition.description
        }
        return Array(sorted.suffix(self.count))
    }
}
