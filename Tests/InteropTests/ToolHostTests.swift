// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension InteropTests {
    /// The JVM that Kafka's command-line classes share.
    @Suite(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), .timeLimit(.minutes(4)))
    struct ToolHosts {
        private static let topics = "org.apache.kafka.tools.TopicCommand"
        private static let producer = "org.apache.kafka.tools.ConsoleProducer"
        private static let consumer = "org.apache.kafka.tools.consumer.ConsoleConsumer"

        private func server(of kafka: EmbeddedKafka) -> [String] {
            ["--bootstrap-server", kafka.bootstrapServers.joined(separator: ",")]
        }

        /// The arguments of a console consumer that reads forever and commits what it has printed.
        private func reading(_ topic: String, of kafka: EmbeddedKafka) -> [String] {
            self.server(of: kafka) + [
                "--topic", topic, "--group", "readers", "--from-beginning", "--consumer-property",
                "auto.commit.interval.ms=100",
            ]
        }

        @Test func aToolThatFailsTellsItsStatusAndMessage() async throws {
            try await EmbeddedKafka.withBroker { kafka in
                let host = ToolHost()
                let missing = await #expect(throws: RealCluster.Failure.self) {
                    try await host.run(Self.topics, self.server(of: kafka) + ["--describe", "--topic", "missing"])
                }
                let unknown = await #expect(throws: RealCluster.Failure.self) {
                    try await host.run(Self.topics, self.server(of: kafka) + ["--describe", "--neither"])
                }
                let absent = await #expect(throws: RealCluster.Failure.self) {
                    try await host.run("org.apache.kafka.tools.NoCommand", [])
                }
                for (error, message) in [
                    (missing, "TopicCommand ended with 1:\nError while executing topic command : Topic 'missing'"),
                    (unknown, "neither is not a recognized option"),
                    (absent, "NoCommand ended with 1:\n"), (absent, "ClassNotFoundException"),
                ] {
                    #expect(error?.description.contains(message) == true, "\(error?.description ?? "none")")
                }
                // The next one knows nothing of it.
                let created = try await host.run(Self.topics, self.server(of: kafka) + ["--create", "--topic", "t"])
                #expect(created == ["Created topic t."])
                await host.stop()
            }
        }

        @Test func theInputAndOutputOfToolsThatRunAtOnceAreNotMixed() async throws {
            try await EmbeddedKafka.withBroker { kafka in
                let names = ["a", "b", "c"]
                for name in names { try await kafka.createTopic(name) }
                let printed = try await withThrowingTaskGroup { group in
                    for (index, name) in names.enumerated() {
                        let count = 1000 * (index + 1)
                        let topic = self.server(of: kafka) + ["--topic", name]
                        group.addTask {
                            let input = (0..<count).map { "\(name) \($0)\n" }.joined()
                            try await KafkaTool.run(Self.producer, topic, input: input)
                            let lines = try await KafkaTool.run(
                                Self.consumer, topic + ["--from-beginning", "--max-messages", "\(count)"])
                            return (name, lines)
                        }
                    }
                    return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
                }
                for (index, name) in names.enumerated() {
                    #expect(printed[name] == (0..<1000 * (index + 1)).map { "\(name) \($0)" })
                }
            }
        }

        @Test func aToolEndsWhenItsTaskIsCancelled() async throws {
            try await EmbeddedKafka.withBroker { kafka in
                try await kafka.createTopic("t")
                try await KafkaTool.run(Self.producer, self.server(of: kafka) + ["--topic", "t"], input: "one\n")
                let arguments = self.reading("t", of: kafka)
                let task = Task { try await KafkaTool.run(Self.consumer, arguments) }
                try await eventually("the record is read") {
                    try await kafka.committedOffset(of: "readers", topic: "t", partition: 0) == 1
                }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
                #expect(try await kafka.group("readers")?.members.count == 0)
            }
        }

        @Test func aJVMThatDiesTellsWhatWasPrintedAndIsStartedAnew() async throws {
            try await EmbeddedKafka.withBroker { kafka in
                try await kafka.createTopic("t")
                let host = ToolHost()
                try await host.run(Self.producer, self.server(of: kafka) + ["--topic", "t"], input: "one\n")
                let process = try #require(await host.pid)
                let arguments = self.reading("t", of: kafka)
                let task = Task { try await host.run(Self.consumer, arguments) }
                try await eventually("the record is read") {
                    try await kafka.committedOffset(of: "readers", topic: "t", partition: 0) == 1
                }
                kill(process, SIGKILL)
                let error = await #expect(throws: RealCluster.Failure.self) { try await task.value }
                let description = error?.description ?? "none"
                #expect(description.hasPrefix("The JVM of ConsoleConsumer ended with -9:\n"), "\(description)")
                #expect(description.contains("\none\n"), "\(description)")
                #expect(try await host.run(Self.topics, self.server(of: kafka) + ["--list"]).contains("t"))
                #expect(await host.pid != process)
                await host.stop()
            }
        }
    }
}
