// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaTestSupport
import Testing

/// The duration of each run in seconds. By default only the newest Kafka is tested, for a short time.
private let loadSeconds = ProcessInfo.processInfo.environment["KAFKA_TEST_LOAD_SECONDS"].flatMap(Int.init)
private let seed =
    ProcessInfo.processInfo.environment["KAFKA_TEST_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<1_000_000)

extension InteropTests {
    /// Transactions on real Kafka while processes and brokers are killed and paused, and leaders move. Run manually with
    /// `KAFKA_TEST_LOAD_SECONDS`; `KAFKA_TEST_SEED` repeats a run's faults.
    @Suite(.timeLimit(.minutes(60)), .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"))
    struct TransactionsUnderFire {
        /// A cluster of real brokers, with both versions of transactions where there are two.
        struct Setup: Sendable, CustomTestStringConvertible {
            let installation: KafkaInstallation
            let features: [String: Int]

            var testDescription: String {
                "\(self.installation)\(self.features.map { ", \($0.key)=\($0.value)" }.joined())"
            }

            func withCluster(_ body: (RealCluster) async throws -> Void) async throws {
                try await RealCluster.withCluster(
                    self.installation, brokers: 3,
                    // Transactions that are too old are aborted soon.
                    settings: ["transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000"],
                    features: self.features
                ) { try await body($0) }
            }

            /// The newest version, and all if they are wanted: the newest one also with transactions of version 1.
            static let all: [Setup] = RealKafka.installations.flatMap { installation in
                let setup = Setup(installation: installation, features: [:])
                guard loadSeconds != nil else { return installation == RealKafka.newest ? [setup] : [] }
                return installation.version >= KafkaVersion(4, 0)
                    ? [setup, Setup(installation: installation, features: ["transaction.version": 0])] : [setup]
            }

            /// Those whose groups refuse the offsets of former members (KIP-447).
            static let withFencedGroups = Self.all.filter { $0.installation.version >= KafkaVersion(2, 5) }
        }

        @Test(arguments: Setup.withFencedGroups)
        func eachOrderHasOneInvoice(setup: Setup) async throws {
            try await setup.withCluster { cluster in
                let summary = try await InvoicesChain(cluster, seed: seed).run(for: loadSeconds ?? 15)
                say("  \(setup.testDescription), seed \(seed): \(summary)")
            }
        }

        @Test(
            .enabled(if: loadSeconds != nil, "runs for KAFKA_TEST_LOAD_SECONDS, if that is set"),
            .enabled(if: CopyChain.isPossible, "needs Kafka's tools"), arguments: Setup.withFencedGroups)
        func kafkasCopierInTheSameGroupCopiesEachRecordOnce(setup: Setup) async throws {
            try await setup.withCluster { cluster in
                let summary = try await CopyChain(cluster, seed: seed).run(for: loadSeconds ?? 15)
                say("  \(setup.testDescription), seed \(seed): \(summary)")
            }
        }

        /// Not before Kafka 2.5, whose brokers can't be asked to wait for offsets of transactions that are ending (KIP-447): a copier that
        /// takes over at once may begin before them. And Kafka 2.1 appends offsets of a fenced producer, since it checks no epoch in what it
        /// appends itself, and its successor's commit makes them valid: records are skipped.
        @Test(
            .enabled(if: loadSeconds != nil, "runs for KAFKA_TEST_LOAD_SECONDS, if that is set"),
            .enabled(if: CopyChain.isPossible, "needs Kafka's tools"), arguments: Setup.withFencedGroups)
        func copiersWithPartitionsOfTheirOwnCopyEachRecordOnce(setup: Setup) async throws {
            try await setup.withCluster { cluster in
                let summary = try await CopyChain(cluster, seed: seed).runAssigned(for: loadSeconds ?? 15)
                say("  \(setup.testDescription), seed \(seed): \(summary)")
            }
        }

        @Test(
            .enabled(if: loadSeconds != nil, "runs for KAFKA_TEST_LOAD_SECONDS, if that is set"), arguments: Setup.all)
        func noTransactionIsTornLostOrMixedWithAnother(setup: Setup) async throws {
            try await setup.withCluster { cluster in
                let clients = TestCluster.real(cluster)
                let topic = try await clients.createTopic("append", partitions: AppendRun.partitions)
                let run = AppendRun(clients.client, topic: topic, seed: seed)
                var faults = BrokerFaults(
                    cluster, topics: BrokerFaults.transactions.merging([topic: AppendRun.partitions]) { $1 }, seed: seed
                )
                let result = try await run.run {
                    try await run.untilCommitted(5)
                    try await faults.run(for: .seconds(loadSeconds ?? 0))
                }
                result.expectNoViolation(seed: seed, faults.counts)
            }
        }
    }
}
