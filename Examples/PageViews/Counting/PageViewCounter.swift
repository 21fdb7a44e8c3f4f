// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Counts the page views of the partitions that are assigned to this process. It loads a partition's tally when the
/// partition is assigned and saves it when the partition is revoked.
///
/// Every view is counted exactly once, for these reasons:
/// - A tally and its offset are stored together, and counting resumes at the stored offset. A killed process loses only
///   what it counted since its last save, and the next owner counts the same records again.
/// - `partitionsRevoked` returns before the next owner's `partitionsAssigned` is called, so the next owner loads the
///   latest tally.
/// - A process that has lost its partitions discards their tallies. If it saves one before it notices the loss, that is
///   a correct tally of the records up to its offset, and it never replaces one with a higher offset.
actor PageViewCounter: ConsumerRebalanceListener {
    private let store: TallyStore
    private let name: String
    private var tallies: [TopicPartition: Tally] = [:]
    private var savedOffsets: [TopicPartition: Int64] = [:]
    /// The number of views that this process has counted.
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

    /// Counts records that `poll` returned.
    func count(_ records: [ConsumerRecord]) {
        for record in records {
            let view = PageView(key: record.key, value: record.value)
            if self.tallies[record.topicPartition]?.count(view, at: record.offset) == true { self.counted += 1 }
        }
    }

    /// Saves all tallies. Must be called between two polls, after all records of the last one are counted.
    func save(_ consumer: KafkaConsumer) async throws {
        for partition in self.tallies.keys.sorted() {
            // Some offsets have no record: those of Kafka's markers and of compacted records.
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
