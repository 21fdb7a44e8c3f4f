// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Reads partitions from one offset to another.
struct LogReader {
    let consumer: KafkaConsumer
    /// Where to begin in each partition.
    let positions: [TopicPartition: Int64]
    /// Where to end in each partition, without the record there.
    let ends: [TopicPartition: Int64]

    /// Reads until all partitions have reached their ends, or `take` returns false.
    func read(_ take: ([ConsumerRecord]) throws -> Bool) async throws {
        let ends = self.ends
        var unfinished = Set(self.positions.keys.filter { self.positions[$0, default: 0] < ends[$0, default: 0] })
        try self.consumer.assign(Array(unfinished))
        for partition in unfinished {
            try await self.consumer.seek(partition, to: .offset(self.positions[partition, default: 0]))
        }
        while !unfinished.isEmpty {
            let records = try await self.consumer.poll(max: 2000, timeout: .milliseconds(100))
            guard try take(records.filter { $0.offset < ends[$0.topicPartition, default: 0] }) else { break }
            // The last offsets before the end may have no records: a compacted log, or the markers of transactions.
            for partition in unfinished
            where try await self.consumer.position(of: partition) >= ends[partition, default: 0] {
                unfinished.remove(partition)
                try self.consumer.pause([partition])
            }
        }
        // The consumer may go on to read the same partitions, which must not be paused then.
        try self.consumer.assign([])
    }
}
