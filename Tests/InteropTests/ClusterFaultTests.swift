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
    /// The guarantees of producers and readers while brokers of a real three-broker cluster fail: `acks` all, three
    /// replicas of which two must be in sync, and the library's defaults otherwise.
    @Suite(.timeLimit(.minutes(10)), .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), .threeBrokers)
    struct ClusterFaults {
        @Test func aKilledBrokerLosesDoublesAndReordersNothing() async throws {
            let cluster = try await ThreeBrokers.ready()
            let (result, readers) = try await ClusterLoad.run(on: cluster) { load in
                let readers = GroupReaders(load: load, cluster: cluster)
                try await readers.run { exchangeMember in
                    let victim = try await readers.coordinator()
                    let leaders = try await cluster.leaders(of: load.topic)
                    #expect(leaders.contains(victim))
                    await cluster.kill(victim)
                    // With only the other two, nothing waits for the dead broker.
                    try await load.progress("without broker \(victim)")
                    try await readers.progress("without its coordinator")
                    try await exchangeMember()
                    try await cluster.restart(victim)
                    try await cluster.untilInSync(load.topic, partitions: ClusterLoad.partitions, copies: 3)
                    try await load.progress("with all brokers")
                    try await readers.progress("with all brokers")
                }
                return readers
            }
            try await self.check(result, on: cluster, "broker killed")
            try await self.check(readers)
            // Kafka's own tool counts the same.
            let counts = try await cluster.run(
                "org.apache.kafka.tools.GetOffsetShell",
                ["--bootstrap-server", cluster.bootstrap, "--topic", result.ledger.topic])
            let stored = counts.compactMap { $0.split(separator: ":").last.flatMap { Int($0) } }
            #expect(stored == result.ledger.enqueued)
        }

        @Test func aBrokerThatHangsForTenSecondsLosesDoublesAndReordersNothing() async throws {
            let cluster = try await ThreeBrokers.ready()
            let impatience: @Sendable (inout ProducerConfiguration) -> Void = {
                $0.cluster.requestTimeout = .seconds(2)
                $0.cluster.connectionSetupTimeout = .seconds(2)
            }
            // One producer waits for the broker longer than it hangs; the other abandons its requests and retries.
            let (patient, (impatient, readers)) = try await ClusterLoad.run(on: cluster) { load in
                try await ClusterLoad.run(on: cluster, producer: impatience) { impatientLoad in
                    let readers = GroupReaders(load: load, cluster: cluster)
                    try await readers.run { _ in
                        let victim = try await readers.coordinator()
                        await cluster.pause(victim)
                        async let hang: Void = Task.sleep(for: .seconds(10))
                        try await impatientLoad.progress("while broker \(victim) hangs")
                        try await hang
                        await cluster.resume(victim)
                        try await load.progress("once it has gone on")
                        try await impatientLoad.progress("once it has gone on")
                        try await readers.progress("once it has gone on")
                    }
                    return readers
                }
            }
            try await self.check(patient, on: cluster, "broker paused")
            try await self.check(impatient, on: cluster, "broker paused, request timeout 2 s")
            try await self.check(readers)
        }

        @Test func movingLeadersLoseDoubleAndReorderNothing() async throws {
            let cluster = try await ThreeBrokers.ready()
            let (result, _) = try await ClusterLoad.run(on: cluster) { load in
                for round in 1...3 {
                    try await cluster.moveLeaders(of: load.topic)
                    try await load.progress("after move \(round)")
                }
            }
            try await self.check(result, on: cluster, "leaders moved")
        }

        @Test func aRollingRestartLosesDoublesAndReordersNothing() async throws {
            let cluster = try await ThreeBrokers.ready()
            let (result, readers) = try await ClusterLoad.run(on: cluster) { load in
                let readers = GroupReaders(load: load, cluster: cluster)
                try await readers.run { exchangeMember in
                    for broker in cluster.brokerIDs {
                        await cluster.stop(broker)
                        try await load.progress("without broker \(broker)")
                        if broker == 2 { try await exchangeMember() }
                        try await cluster.restart(broker)
                        try await cluster.untilInSync(load.topic, partitions: ClusterLoad.partitions, copies: 3)
                        try await readers.progress("with broker \(broker) again")
                    }
                }
                return readers
            }
            try await self.check(result, on: cluster, "rolling restart")
            try await self.check(readers)
        }

        /// Checks that all records were acknowledged within the delivery timeout, and are in the log once, in order, at
        /// the reported offsets.
        private func check(_ result: ClusterLoad.Result, on cluster: RealCluster, _ fault: String) async throws {
            let ledger = result.ledger
            say("\(fault): \(ledger.enqueued.reduce(0, +)) records, the longest waited \(ledger.longestWait)")
            #expect(ledger.unacknowledged.prefix(10) == [])
            let log = try await TestCluster.real(cluster).readAll(of: ledger.topic, partitions: ClusterLoad.partitions)
            #expect(ledger.violations(in: log.map { RecordLedger.Stored($0) }).prefix(10) == [])
            // This consumer was reading during the fault.
            #expect(ledger.violations(in: result.read).prefix(10) == [])
        }

        /// Checks that a member that joins afterwards reads the rest, and that no member has read what at-least-once
        /// doesn't allow.
        private func check(_ readers: GroupReaders) async throws {
            try await readers.readToEnd()
            say("  the group read \(readers.journal.repeated) records again")
            #expect(readers.journal.violations.prefix(10) == [])
            #expect(readers.journal.read == readers.load.ledger.enqueued)
            #expect(readers.journal.committed == readers.load.ledger.enqueued)
        }
    }
}
