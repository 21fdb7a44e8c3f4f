// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
@testable import EmbeddedKafka
import Foundation
import KafkaTestSupport
import Testing

/// The duration of each run in seconds, if set.
private let loadSeconds = ProcessInfo.processInfo.environment["KAFKA_TEST_LOAD_SECONDS"].flatMap(Int.init)
/// The seed of the faults and the transactions. Default: another one in each run, which is printed.
private let seed =
    ProcessInfo.processInfo.environment["KAFKA_TEST_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<1_000_000)

extension InteropTests {
    /// Transactions that append to several partitions at once, with takeovers, faults and concurrent readers.
    @Suite(.timeLimit(.minutes(30)))
    struct Appends {
        /// Checks a run's result.
        private func expectNoViolation(_ result: AppendRun.Result, _ faults: [String: Int]) {
            let counts = faults.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            say("  seed \(seed): \(result.run.summary)\n  \(result.log.count) numbers read; \(counts)")
            #expect(result.violations.prefix(10) == [], "seed \(seed)")
            #expect(result.run.history.count(.committed) > 20, "seed \(seed)")
            // Readers have read while transactions ran, and the aborted ones were really written.
            #expect(result.readers.count == 2, "seed \(seed)")
            #expect(!result.run.history.violations(in: result.uncommitted).isEmpty, "seed \(seed)")
        }

        /// `KAFKA_TEST_LOAD_SECONDS` sets the duration, and `KAFKA_TEST_SEED` repeats a run's faults.
        @Test(arguments: [2, 0], [Duration.zero, .milliseconds(20)])
        func noTransactionIsTornLostOrMixedWithAnother(version: Int, markerDelay: Duration) async throws {
            var configuration = EmbeddedKafka.Configuration(brokers: 3)
            configuration.transactionVersion = version
            configuration.transactionMarkerDelay = markerDelay
            try await EmbeddedKafka.withCluster(configuration) { kafka in
                let cluster = TestCluster.embedded(kafka)
                let topic = unique("append")
                try await kafka.createTopic(topic, partitions: AppendRun.partitions, replicationFactor: 3)
                let run = AppendRun(cluster.client, topic: topic, seed: seed)
                var faults = EmbeddedFaults(
                    kafka, topic: topic, partitions: AppendRun.partitions,
                    transactionalIDs: (0..<AppendRun.ids).map { AppendRun.transactionalID($0, topic: topic) }, seed: seed)
                let result = try await run.run {
                    try await faults.run(for: loadSeconds.map { .seconds($0) } ?? .milliseconds(3500))
                }
                if let first = result.violations.first(where: { $0.contains("same transaction") }) {
                    let place = first.split(separator: " ")[3].dropLast()
                    let numbers = place.split(separator: "@").compactMap { Int64($0) }
                    let dump = try await kafka.onPartition(topic, Int(numbers[0])) { _, partition in
                        partition.log.entriesWithBatches.filter { $0.batch.lastOffset >= numbers[1] - 12 && $0.batch.baseOffset <= numbers[1] + 5 }.map { "\($0.batch.baseOffset)-\($0.batch.lastOffset) pid \($0.batch.producerID) epoch \($0.batch.producerEpoch) seq \($0.batch.baseSequence) control \($0.batch.isControl) \(String(describing: $0.batch.marker)) t \($0.batch.maxTimestamp)" }.joined(separator: "\n")
                    }
                    say("DUMP \(first)\n\(dump)")
                }
                self.expectNoViolation(result, faults.counts)
            }
        }
    }
}
