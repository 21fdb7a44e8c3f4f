// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaMemory
import KafkaTestSupport
import Testing

extension InteropTests {
    /// The embedded broker's groups against Kafka's: request by request, and by the programs of others.
    @Suite(.timeLimit(.minutes(10)), .enabled(if: RealKafka.isAvailable, "needs Apache Kafka's jars"))
    struct EmbeddedGroups {
        @Test(arguments: TestEnvironment.real.filter { $0.isAtLeast(4, 4) })
        func requestsOfMembersAreAnsweredAsByKafka(environment: TestEnvironment) async throws {
            guard case .real(let installation) = environment else { return }
            // So that the target is there with the heartbeat that needs it.
            let settings = [
                "group.consumer.assignment.interval.ms": "0", "group.consumer.min.assignment.interval.ms": "0",
                "group.consumer.assignor.offload.enable": "false", "group.initial.rebalance.delay.ms": "0",
            ]
            let expected = try await RealCluster.withCluster(installation, settings: settings) { cluster in
                try await GroupScript.run(on: .real(cluster))
            }
            var configuration = EmbeddedKafka.Configuration()
            configuration.createTopicsAutomatically = false
            let answers = try await EmbeddedKafka.withCluster(configuration) { kafka in
                try await GroupScript.run(on: .embedded(kafka))
            }
            #expect(answers.count == expected.count)
            for (answer, expected) in zip(answers, expected) { #expect(answer == expected) }
        }

        /// The values that members have read, and by whom.
        private final class Readings: Sendable {
            private let values = Lock<[String: Set<String>]>([:])

            func add(_ value: String, by member: String) {
                self.values.withLock { _ = $0[member, default: []].insert(value) }
            }

            func contains(_ all: Set<String>, each: [String]) -> Bool {
                self.values.withLock { values in
                    values.values.reduce(Set()) { $0.union($1) } == all && each.allSatisfy { values[$0] != nil }
                }
            }
        }

        @Test(
            .enabled(if: PythonClient.hasConfluentKafka, "\(PythonClient.skipped)"), arguments: ["consumer", "classic"])
        func javaAndLibrdkafkaShareAGroup(javasProtocol: String) async throws {
            try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
                try await kafka.createTopic("t", partitions: 6)
                let bootstrap = kafka.bootstrapServers.joined(separator: ",")
                let readings = Readings()
                let java = [
                    "--bootstrap-server", bootstrap, "--topic", "t", "--group", "g", "--from-beginning",
                    "--consumer-property", "group.protocol=\(javasProtocol)",
                ]
                let consoleConsumer = "org.apache.kafka.tools.consumer.ConsoleConsumer"
                try await KafkaTool.with(consoleConsumer, java) { console in
                    let alone = try await kafka.waitForStableGroup("g", members: 1, timeout: .seconds(60))
                    #expect(alone.kind.rawValue.lowercased() == javasProtocol)
                    let python = try PythonClient.start(Self.reader, [bootstrap])
                    let group = try await kafka.waitForStableGroup("g", members: 2, timeout: .seconds(60))
                    #expect(group.kind == .consumer)
                    try await self.expectTold(group, kafka)
                    let values = Set((0..<300).map { "\($0)" })
                    try await TestCluster.embedded(kafka).produce(
                        values.map { ProducerRecord(topic: "t", value: Bytes($0)) })
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        for (name, process) in [("java", console), ("librdkafka", python)] {
                            tasks.addTask { for await line in process.lines { readings.add(line, by: name) } }
                        }
                        try await eventually("all records are read, by both") {
                            readings.contains(values, each: ["java", "librdkafka"])
                        }
                        tasks.cancelAll()
                    }
                    await python.stop()
                    let rest = try await kafka.waitForStableGroup("g", members: 1, timeout: .seconds(60))
                    #expect(rest.kind.rawValue.lowercased() == javasProtocol)
                }
            }
        }

        /// Checks what Kafka's tool says of a group with two members, which have three partitions each.
        private func expectTold(_ group: EmbeddedKafka.Group, _ kafka: EmbeddedKafka) async throws {
            func told(_ what: String) async throws -> [[String]] {
                try await KafkaTool.run(
                    "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                    ["--bootstrap-server", kafka.bootstrapServers[0], "--group", "g", "--describe", what, "--verbose"]
                ).map { $0.split(separator: " ").map { String($0) } }.filter { $0.first == "g" }
            }
            let state = try await told("--state")
            #expect(state.first.map { $0.contains("Stable") && $0.contains("\(group.generation)") } == true, "\(state)")
            let members = try await told("--members")
            #expect(members.count == 2, "\(members)")
            for member in group.members {
                let line = try #require(members.first { $0.contains(member.id) }, "\(members)")
                #expect(line.contains("3") && line.contains("\(group.generation)"), "\(line)")
            }
        }

        private static let reader = """
            import signal, sys, confluent_kafka

            consumer = confluent_kafka.Consumer({
                "bootstrap.servers": sys.argv[1], "group.id": "g", "group.protocol": "consumer",
                "auto.offset.reset": "earliest",
            })
            ends = []
            signal.signal(signal.SIGTERM, lambda *_: ends.append(True))
            consumer.subscribe(["t"])
            while not ends:
                message = consumer.poll(0.2)
                if message and not message.error(): print(message.value().decode())
            consumer.close()
            """
    }
}
