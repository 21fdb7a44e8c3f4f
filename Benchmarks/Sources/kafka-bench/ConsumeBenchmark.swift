// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Reads all partitions of a topic from the beginning, verifies checksums, and accesses each value.
struct ConsumeBenchmark {
    let cluster: KafkaClientConfiguration
    let topic: String

    /// Reads batches with an inner loop.
    func readBatches(_ count: Int) async throws {
        try await self.measure(count) { consumer, watch in
            var records = 0
            var bytes = 0
            for try await batch in consumer.batches {
                for record in batch {
                    bytes &+= Int(record.value?.first ?? 0)
                    records += 1
                }
                if records >= count { break }
            }
            return (records, bytes)
        }
    }

    /// Reads single records.
    func readRecords(_ count: Int) async throws {
        try await self.measure(count) { consumer, watch in
            var records = 0
            var bytes = 0
            for try await record in consumer.records {
                bytes &+= Int(record.value?.first ?? 0)
                records += 1
                if records >= count { break }
            }
            return (records, bytes)
        }
    }

    private func measure(
        _ count: Int, _ read: (KafkaConsumer, Stopwatch) async throws -> (records: Int, bytes: Int)
    ) async throws {
        var configuration = ConsumerConfiguration(self.cluster)
        configuration.autoOffsetReset = .earliest
        try await KafkaConsumer.withConsumer(configuration, assigned: []) { consumer in
            let partitions = try await consumer.partitions(of: self.topic)
            let watch = Stopwatch()
            try consumer.assign(partitions.map { TopicPartition(self.topic, $0) })
            let (records, bytes) = try await read(consumer, watch)
            print(
                #"{"n": \#(records), "err": \#(bytes == 0 ? 1 : 0), "cpu": \#(watch.cpuSeconds), "wall": \#(watch.wallSeconds)}"#
            )
        }
    }
}
