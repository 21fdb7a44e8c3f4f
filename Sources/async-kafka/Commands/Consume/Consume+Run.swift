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
        try await KafkaAdminClient.withAdminClient(self.cluster) { admin in
            // Only an admin client says at once that a topic doesn't exist.
            let topics = self.topics.map { WrittenPartitions(topic: $0, numbers: self.partitionNumbers) }
            let partitions = try await topics.existingPartitions(admin)
            let standstill = StandstillCheck(admin, topics: self.topics)
            if self.group != nil {
                try await KafkaConsumer.withConsumer(self.configuration, subscribedTo: self.topics) { consumer in
                    try await self.readAsMember(consumer, standstill)
                }
            } else {
                try await KafkaConsumer.withConsumer(self.configuration, assigned: []) { consumer in
                    try await self.read(consumer, partitions, standstill)
                }
            }
        }
    }

    private var configuration: ConsumerConfiguration {
        var configuration = ConsumerConfiguration(self.cluster)
        configuration.isolationLevel = self.isolation
        configuration.cluster.allowAutoTopicCreation = false
        configuration.groupID = self.group
        configuration.enableAutoCommit = false  // What has been written is committed.
        // Without a group too: records that expire while it reads are no reason to leave out those that follow.
        configuration.autoOffsetReset = self.group != nil && self.from == .end ? .latest : .earliest
        return configuration
    }

    private func readAsMember(_ consumer: KafkaConsumer, _ standstill: StandstillCheck) async throws {
        var writer = RecordWriter(self)
        var standstill = standstill
        while !writer.isDone {
            let records = try await consumer.poll(max: 2000, timeout: .seconds(10))
            guard !records.isEmpty else {
                try await standstill.complain()
                continue
            }
            let seen = records.prefix(try writer.write(records))
            // Unstructured, because Ctrl-C must not prevent that what has been written is committed.
            try await Task {
                guard seen.count < records.count else { return try await consumer.commit() }
                let offsets = seen.map { ($0.topicPartition, OffsetAndMetadata(offset: $0.offset + 1)) }
                try await consumer.commit(Dictionary(offsets) { $1 })
            }.value
        }
    }

    private func read(
        _ consumer: KafkaConsumer, _ partitions: [TopicPartition], _ standstill: StandstillCheck
    ) async throws {
        let ends = try await consumer.offsets(of: self.to ?? .end, in: partitions)
        var writer = RecordWriter(self)
        if let last {
            try writer.write(try await self.newest(last, consumer, ends, standstill))
            if self.follows { try await self.follow(consumer, from: ends, &writer, standstill) }
            return
        }
        let positions = try await consumer.offsets(
            of: self.from ?? (self.follows ? .end : .beginning), in: partitions)
        if self.follows { return try await self.follow(consumer, from: positions, &writer, standstill) }
        try await LogReader(consumer: consumer, standstill: standstill, positions: positions, ends: ends).read {
            records in
            try writer.write(records)
            return !writer.isDone
        }
    }

    /// Returns the last records before the ends.
    private func newest(
        _ count: Int, _ consumer: KafkaConsumer, _ ends: [TopicPartition: Int64], _ standstill: StandstillCheck
    ) async throws -> [ConsumerRecord] {
        let beginnings = try await consumer.offsets(of: .beginning, in: Array(ends.keys))
        var newest = NewestRecords(count: count)
        var found: [TopicPartition: Int] = [:]
        var (upper, distance) = (ends, Int64(count))
        // Offsets may have no record, in a compacted log or as markers of transactions: then it goes further back.
        while !upper.isEmpty {
            var lower = beginnings.filter { upper[$0.key] != nil }
            for (partition, beginning) in lower {
                lower[partition] = max(beginning, ends[partition, default: 0] - distance)
            }
            try await LogReader(consumer: consumer, standstill: standstill, positions: lower, ends: upper).read {
                records in
                newest.add(records)
                for record in records { found[record.topicPartition, default: 0] += 1 }
                return true
            }
            upper = lower.filter { found[$0.key, default: 0] < count && $0.value > beginnings[$0.key, default: 0] }
            distance = min(distance * 4, Int64.max / 8)
        }
        return newest.sorted
    }

    private func follow(
        _ consumer: KafkaConsumer, from positions: [TopicPartition: Int64], _ writer: inout RecordWriter,
        _ standstill: StandstillCheck
    ) async throws {
        var standstill = standstill
        try consumer.assign(Array(positions.keys))
        for (partition, offset) in positions { try await consumer.seek(partition, to: .offset(offset)) }
        while !writer.isDone {
            let records = try await consumer.poll(max: 2000, timeout: .seconds(10))
            try writer.write(records)
            if records.isEmpty { try await standstill.complain() }
        }
    }
}

/// The last records by their times, whatever partition they come from.
struct NewestRecords {
    let count: Int
    private var records: [ConsumerRecord] = []

    init(count: Int) { self.count = count }

    mutating func add(_ more: [ConsumerRecord]) {
        self.records += more
        // Few more than needed are kept, because they may be large.
        if self.records.count >= 2 * self.count + 100 { self.records = self.sorted }
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
