// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Reads partitions from one offset to another.
struct LogReader {
    private let consumer: KafkaConsumer
    private let standstill: StandstillCheck
    private let positions: [TopicPartition: Int64]
    private var ends: [TopicPartition: Int64]
    private var unfinished: Set<TopicPartition>
    private var hasBegun = false
    private var lastRecords = ContinuousClock.now

    /// - Parameters:
    ///   - positions: Where to begin in each partition.
    ///   - ends: Where to end in each partition, without the record there.
    init(
        consumer: KafkaConsumer, standstill: StandstillCheck, positions: [TopicPartition: Int64],
        ends: [TopicPartition: Int64]
    ) {
        self.consumer = consumer
        self.standstill = standstill
        self.positions = positions
        self.ends = ends
        self.unfinished = Set(positions.keys.filter { positions[$0, default: 0] < ends[$0, default: 0] })
    }

    /// Reads until all partitions have reached their ends, or `take` returns false.
    func read(_ take: ([ConsumerRecord]) throws -> Bool) async throws {
        var reader = self
        while let records = try await reader.next(), try take(records) {}
        try reader.end()
    }

    /// Returns more records, or nil when all partitions have reached their ends.
    mutating func next() async throws -> [ConsumerRecord]? {
        try await self.begin()
        while !self.unfinished.isEmpty {
            let records = try await self.consumer.poll(max: 2000, timeout: .milliseconds(100))
            if !records.isEmpty {
                self.lastRecords = .now
            } else if .now - self.lastRecords > .seconds(2) {
                try await self.standstill.check()
                // A topic that was deleted and created again has fewer records.
                self.ends.merge(try await self.consumer.endOffsets(of: Array(self.unfinished)), uniquingKeysWith: min)
                self.lastRecords = .now
            }
            let ends = self.ends
            // The last offsets before the end may have no records: a compacted log, or the markers of transactions.
            for partition in self.unfinished
            where try await self.consumer.position(of: partition) >= ends[partition, default: 0] {
                self.unfinished.remove(partition)
                try self.consumer.pause([partition])
            }
            let wanted = records.filter { $0.offset < ends[$0.topicPartition, default: 0] }
            if !wanted.isEmpty { return wanted }
        }
        try self.end()
        return nil
    }

    private mutating func begin() async throws {
        guard !self.hasBegun else { return }
        self.hasBegun = true
        self.lastRecords = .now
        try self.consumer.assign(Array(self.unfinished))
        for partition in self.unfinished {
            try await self.consumer.seek(partition, to: .offset(self.positions[partition, default: 0]))
        }
    }

    /// The consumer may go on to read the same partitions, which must not be paused then.
    private func end() throws { try self.consumer.assign([]) }
}
