// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Counts the page views of the partitions that the group gives to this process: loads a partition's tally when it comes,
/// stores it when it goes.
///
/// Why each view is counted once and once only, whatever happens:
/// - A tally and its offset are stored together. Counting goes on at the stored offset, so a process that is killed loses
///   what it counted since it saved last, and whoever takes over counts just that again.
/// - `partitionsRevoked` returns before the next owner's `partitionsAssigned` begins, so that one finds the latest tally.
/// - A process that lost its partitions throws their tallies away. If it still saves one before it learns of its loss, that
///   is the right tally of the records up to its offset, and replaces none that reaches further.
actor PageViewCounter: ConsumerRebalanceListener {
    private let store: TallyStore
    private let name: String
    private var tallies: [TopicPartition: Tally] = [:]
    private var savedOffsets: [TopicPartition: Int64] = [:]
    /// How many views this process has counted.
    private(set) var counted = 0

    init(store: TallyStore, name: String) {
        self.store = store
        self.name = name
    }

    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        for partition in partitions {
            let stored = try self.store.load(partition)
            self.tallies[partition] = stored ?? Tally()
            self.savedOffsets[partition] = stored?.nextOffset
            try await consumer.seek(partition, to: stored.map { .offset($0.nextOffset) } ?? .beginning)
        }
        try self.report("takes", partitions)
    }

    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        defer { self.forget(partitions) }
        for partition in partitions { try self.save(partition) }
        try self.report("saves and gives up", partitions)
    }

    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.forget(partitions)
        try self.report("has lost", partitions)
    }

    /// Counts records that the consumer handed out.
    func count(_ records: [ConsumerRecord]) {
        for record in records {
            let view = PageView(key: record.key, value: record.value)
            if self.tallies[record.topicPartition]?.count(view, at: record.offset) == true { self.counted += 1 }
        }
    }

    /// Saves all tallies. To be called between two polls, when all that was handed out is counted.
    func save(_ consumer: KafkaConsumer) async throws {
        for partition in self.tallies.keys.sorted() {
            // Some offsets have no record: those of Kafka's own markers, and of what a compaction removed.
            let position = try await consumer.position(of: partition)
            self.tallies[partition]?.skip(to: position)
            try self.save(partition)
        }
    }

    private func save(_ partition: TopicPartition) throws {
        guard let tally = self.tallies[partition], tally.nextOffset != self.savedOffsets[partition] else { return }
        try self.store.save(tally, for: partition)
        self.savedOffsets[partition] = tally.nextOffset
    }

    private func forget(_ partitions: [TopicPartition]) {
        for partition in partitions {
            self.tallies[partition] = nil
            self.savedOffsets[partition] = nil
        }
    }

    private func report(_ what: String, _ partitions: [TopicPartition]) throws {
        guard !partitions.isEmpty else { return }
        let numbers = partitions.sorted().map { "\($0.partition)" }.joined(separator: " ")
        try say("\(self.name): \(what) \(partitions.count == 1 ? "partition" : "partitions") \(numbers)")
    }
}
