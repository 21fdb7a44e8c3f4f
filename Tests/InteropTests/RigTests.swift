// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension InteropTests {
    /// The test support itself, tested with Kafka's own programs only.
    @Suite(.timeLimit(.minutes(10)))
    struct Rig {
        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: RealKafka.installations)
        func recordsOfKafkasProducerAreReadByKafkasConsumer(installation: KafkaInstallation) async throws {
            let cluster = try await SharedClusters.all.cluster(installation)
            let topic = "rig-\(UInt32.random(in: 0 ... .max))"
            try await cluster.createTopic(topic, partitions: 3)
            let produced = try KafkaTool.start(
                "org.apache.kafka.tools.VerifiableProducer",
                [
                    "--bootstrap-server", cluster.bootstrap, "--topic", topic, "--max-messages", "50",
                    "--repeating-keys",
                    "7",
                ])
            var sent: [String: Int] = [:]
            for await event in produced.events where event.name == "producer_send_success" {
                sent[try #require(event.value)] = event.partition
            }
            let status = await produced.ended()
            #expect(status == 0)
            #expect(sent.count == 50)
            try await KafkaTool.with(
                "org.apache.kafka.tools.VerifiableConsumer",
                ["--bootstrap-server", cluster.bootstrap, "--topic", topic, "--group-id", topic, "--verbose"]
            ) { consumer in
                var assigned = 0
                var read: [String: Int] = [:]
                for await event in consumer.events {
                    if event.name == "partitions_assigned" { assigned += event.partitions?.count ?? 0 }
                    if event.name == "record_data" { read[try #require(event.value)] = event.partition }
                    if read.count == 50 { break }
                }
                #expect(assigned == 3)
                #expect(read == sent)
            }
        }

        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"))
        func aKilledPausedOrRestartedBrokerComesBack() async throws {
            let newest = try #require(RealKafka.newest)
            try await RealCluster.withCluster(newest, brokers: 3) { cluster in
                try await cluster.createTopic("t", partitions: 6)
                let before = try await cluster.leaders(of: "t")
                #expect(Set(before) == [1, 2, 3])

                await cluster.kill(3)
                try await eventually("the leaders leave broker 3") { try await !cluster.leaders(of: "t").contains(3) }
                try await cluster.restart(3)
                try await cluster.untilInSync("t", partitions: 6, copies: 3)

                await cluster.pause(2)
                try await eventually("the leaders leave broker 2") { try await !cluster.leaders(of: "t").contains(2) }
                await cluster.resume(2)
                try await cluster.untilInSync("t", partitions: 6, copies: 3)

                let led = try await cluster.leaders(of: "t")
                try await cluster.moveLeaders(of: "t")
                let moved = try await cluster.leaders(of: "t")
                #expect(moved != led)
            }
        }

        @Test func aProgramCanBeStoppedAndItsOutputRead() async throws {
            let program = try Self.shell("echo three >&2; echo one; echo two; exec sleep 600")
            var lines = program.lines.makeAsyncIterator()
            let read = [await lines.next(), await lines.next()]
            #expect(read == ["one", "two"])
            #expect(program.isRunning)
            await program.stop()
            #expect(program.status == -SIGTERM)
            #expect(program.errors == "three\n")
        }

        @Test func theOutputOfAProgramEndsWithItWhileOthersThatStartedBesideItRun() async throws {
            let programs = try await withThrowingTaskGroup(of: ChildProcess.self) { group in
                for _ in 0..<40 {
                    group.addTask { try Self.shell("exec sleep 600") }
                    group.addTask { try Self.shell("exit 3") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let ended = Lock(0)
            await withTaskGroup(of: Void.self) { group in
                for program in programs {
                    group.addTask {
                        for await _ in program.lines {}
                        ended.withLock { $0 += 1 }
                    }
                }
                await #expect(throws: Never.self) {
                    try await eventually("40 outputs end", within: .seconds(30)) { ended.withLock { $0 } == 40 }
                }
                for program in programs { await program.destroy() }
            }
        }

        private static func shell(_ script: String) throws -> ChildProcess {
            try ChildProcess(
                "sh", ["/bin/sh", "-c", script], output: .lines(errors: TemporaryFolder.path("rig")))
        }

        @Test func aProgramDoesNotOutliveItsParentProcess() async throws {
            let program = try ChildProcess(
                "sleep", ["/bin/sleep", "600"], output: .lines(errors: TemporaryFolder.path("rig")))
            program.letGo()
            let status = await program.ended()
            #expect(status == -SIGKILL)
        }
    }
}
