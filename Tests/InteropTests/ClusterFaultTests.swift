// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaTestSupport
import Testing

extension InteropTests {
    /// What a producer and its readers may rely on while brokers of a real cluster of three fail: `acks` all, three copies, of
    /// which two must be in step.
    @Suite(.timeLimit(.minutes(5)), .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), .threeBrokers)
    struct ClusterFaults {
        @Test("a broker is killed and comes back: everything acknowledged is stored once and in order")
        func killed() async throws {
            let cluster = try await ThreeBrokers.ready()
            let result = try await ClusterLoad.run(on: cluster) { load in
                let victim = try #require(await cluster.leaders(of: load.topic).first)
                await cluster.kill(victim)
                // With the other two alone: nobody waits for the broker that is dead.
                try await load.progress("without broker \(victim)")
                try await cluster.restart(victim)
                try await cluster.untilInSync(load.topic, partitions: ClusterLoad.partitions, copies: 3)
                try await load.progress("with all brokers again")
            }
            try await self.check(result, on: cluster, "a broker killed")
            // Kafka's own program counts the same.
            let counts = try await cluster.run(
                "org.apache.kafka.tools.GetOffsetShell",
                ["--bootstrap-server", cluster.bootstrap, "--topic", result.ledger.topic])
            let stored = counts.compactMap { $0.split(separator: ":").last.flatMap { Int($0) } }
            #expect(stored == result.ledger.enqueued)
        }

        /// All were acknowledged, and are in the log once, in order, where the broker said.
        private func check(_ result: ClusterLoad.Result, on cluster: RealCluster, _ fault: String) async throws {
            let ledger = result.ledger
            say("\(fault): \(ledger.enqueued.reduce(0, +)) records, the longest waited \(ledger.longestWait)")
            #expect(ledger.unacknowledged.prefix(10) == [])
            let log = try await TestCluster.real(cluster).readAll(of: ledger.topic, partitions: ClusterLoad.partitions)
            #expect(ledger.violations(in: log).prefix(10) == [])
            // The consumer that read along was there during the fault.
            #expect(ledger.violations(in: result.read).prefix(10) == [])
        }
    }
}
