// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Reads a topic more slowly than it is fetched, to measure the memory of what waits for the reader.
struct SlowReaderBenchmark {
    let cluster: KafkaClientConfiguration
    let topic: String
    let maxPrefetchBytes: Int

    /// Reads a batch every 2 ms. Prints the resident memory before reading, its maximum, and the maximum of the bytes that the
    /// consumer says it has buffered, all in bytes.
    func run(seconds: Int) async throws {
        var configuration = ConsumerConfiguration(self.cluster)
        configuration.autoOffsetReset = .earliest
        configuration.maxPrefetchBytes = self.maxPrefetchBytes
        try await KafkaConsumer.withConsumer(configuration, assigned: []) { consumer in
            let partitions = try await consumer.partitions(of: self.topic).map { TopicPartition(self.topic, $0) }
            let before = ResidentMemory.bytes
            try consumer.assign(partitions)
            let end = ContinuousClock.now + .seconds(seconds)
            var records = 0
            var most = before
            var mostBuffered = 0
            for try await batch in consumer.batches {
                records += batch.count
                most = max(most, ResidentMemory.bytes)
                mostBuffered = max(mostBuffered, consumer.statistics().buffer.used)
                guard ContinuousClock.now < end else { break }
                // The reader's slowness.
                try await Task.sleep(for: .milliseconds(2))
            }
            print(
                #"{"n": \#(records), "partitions": \#(partitions.count), "limit": \#(self.maxPrefetchBytes), "before": \#(before), "most": \#(most), "above": \#(most - before), "buffered": \#(mostBuffered)}"#
            )
        }
    }
}
