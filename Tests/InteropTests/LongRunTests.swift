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

/// The duration of the load in seconds.
private let loadSeconds = ProcessInfo.processInfo.environment["KAFKA_TEST_LOAD_SECONDS"].flatMap(Int.init)

extension InteropTests {
    /// Minutes of load while brokers are killed and hang. Run manually with `KAFKA_TEST_LOAD_SECONDS`.
    @Suite(
        .timeLimit(.minutes(60)),
        .enabled(if: loadSeconds != nil, "runs for KAFKA_TEST_LOAD_SECONDS, if that is set"),
        .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"),
        .enabled(if: loadSeconds == nil || PythonClient.hasConfluentKafka, "\(PythonClient.skipped)"),
        .threeBrokers)
    struct LongRuns {
        /// A fault of a broker.
        private enum Fault: CaseIterable {
            case killed, paused
        }

        @Test func brokersThatAreKilledAndHangForMinutesLoseAndReorderNothing() async throws {
            let cluster = try await ThreeBrokers.ready()
            let peer = try await LibrdkafkaLoad(on: cluster)
            let (result, readers) = try await ClusterLoad.run(on: cluster) { load in
                let readers = GroupReaders(load: load, cluster: cluster)
                try await readers.run { exchangeMember in
                    try await self.breakBrokers(of: cluster, under: load, and: peer.topic)
                    try await exchangeMember()
                    try await load.progress("at the end")
                    try await readers.progress("at the end")
                }
                return readers
            }
            let theirs = try await peer.end()
            try await readers.readToEnd()

            let ledger = result.ledger
            say("ours:       \(ledger.enqueued.reduce(0, +)) records, of which one waited \(ledger.longestWait)")
            say(
                "            nothing was acknowledged in a partition for \(ledger.longestStall), nothing read for \(result.longestStall)"
            )
            say("librdkafka: \(theirs)")
            #expect(ledger.unacknowledged.prefix(10) == [])
            // Another client reads the log, since an error in this client's reader could hide one in its writer.
            let log = try await LibrdkafkaLoad.readAll(of: ledger.topic, on: cluster)
            #expect(ledger.violations(in: log).prefix(10) == [])
            #expect(log.count == ledger.enqueued.reduce(0, +))
            #expect(ledger.violations(in: result.read).prefix(10) == [])
            #expect(readers.journal.violations.prefix(10) == [])
            #expect(readers.journal.read == ledger.enqueued)
            #expect(readers.journal.committed == ledger.enqueued)
        }

        /// Injects one fault after the other, each at a random broker for a random time. All replicas are in sync in
        /// between, so that a majority always is.
        private func breakBrokers(of cluster: RealCluster, under load: ClusterLoad, and other: String) async throws {
            var random = SeededRandom(UInt64.random(in: 0..<1000))
            let end = ContinuousClock.now + .seconds(loadSeconds ?? 0)
            var round = 0
            while ContinuousClock.now < end {
                round += 1
                let victim = cluster.brokerIDs.randomElement(using: &random) ?? 1
                let fault = Fault.allCases.randomElement(using: &random) ?? .killed
                let length = Duration.milliseconds(Int64.random(in: 500...15_000, using: &random))
                say("  \(round): broker \(victim) is \(fault) for \(length)")
                switch fault {
                case .killed: await cluster.kill(victim)
                case .paused: await cluster.pause(victim)
                }
                // The duration of the fault.
                try await Task.sleep(for: length)
                switch fault {
                case .killed: try await cluster.restart(victim)
                case .paused: await cluster.resume(victim)
                }
                for topic in [load.topic, other] {
                    try await cluster.untilInSync(topic, partitions: ClusterLoad.partitions, copies: 3)
                }
                try await load.progress("after fault \(round)")
            }
        }
    }
}
