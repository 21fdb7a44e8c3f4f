// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
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
        /// One minute in all. `KAFKA_TEST_LOAD_SECONDS` sets the duration of each case, and `KAFKA_TEST_SEED` repeats a run's faults.
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
                    transactionalIDs: (0..<AppendRun.ids).map { AppendRun.transactionalID($0, topic: topic) },
                    seed: seed)
                let result = try await run.run {
                    try await faults.run(for: .seconds(loadSeconds ?? 15))
                    try await run.untilCommitted(30)
                }
                result.expectNoViolation(seed: seed, faults.counts)
            }
        }
    }
}
