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

extension InteropTests {
    /// Metrics that are pushed to real brokers, as a `ClientTelemetry` in the broker receives them.
    @Suite(.timeLimit(.minutes(5)), .enabled(if: JavaProgram.isAvailable, Comment(rawValue: JavaProgram.skipped)))
    struct Telemetry {
        /// The versions that take metrics: Kafka 3.7 and later.
        static let versions = RealKafka.installations.filter { $0.version >= KafkaVersion(3, 7) }

        /// A metric in a push.
        struct Received: Sendable {
            let id: String
            let isLast: Bool
            let client: String
            let name: String
            let kind: String
            let labels: String
            let value: Double

            init?(_ line: Substring) {
                let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 8, parts[2] == "OTLP", let value = Double(parts[7]) else { return nil }
                self.id = parts[0]
                self.isLast = parts[1] == "true"
                self.client = parts[3]
                self.name = parts[4]
                self.kind = parts[5]
                self.labels = parts[6]
                self.value = value
            }
        }

        private func withReceiver(
            _ installation: KafkaInstallation, _ body: (RealCluster, _ file: URL) async throws -> Void
        ) async throws {
            let classes = try await JavaProgram.compile("MetricsReceiver", with: installation)
            let file = classes.appendingPathComponent("metrics")
            try await RealCluster.withCluster(
                installation.adding(classes),
                settings: ["metric.reporters": "MetricsReceiver", "test.metrics.file": file.path]
            ) { cluster in
                try await body(cluster, file)
            }
        }

        private func received(_ file: URL) throws -> [Received] {
            guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
            // The broker may be writing a line.
            guard let end = text.lastIndex(of: "\n") else { return [] }
            let lines = text[..<end].split(separator: "\n")
            let received = lines.compactMap(Received.init)
            #expect(received.count == lines.count)
            return received
        }

        @Test(arguments: versions) func aRealBrokerGetsTheMetricsThatItsAdministratorWants(
            installation: KafkaInstallation
        ) async throws {
            try await self.withReceiver(installation) { cluster, file in
                let topic = "telemetry"
                try await cluster.createTopic(topic, partitions: 1)
                let client = KafkaClientConfiguration(bootstrapServers: cluster.bootstrapServers)
                try await KafkaAdminClient.withAdminClient(client) { admin in
                    let changes: [ConfigResource: [ConfigChange]] = [
                        .clientMetrics("tests"): [
                            .set("metrics", to: "org.apache.kafka.producer.,org.apache.kafka.consumer."),
                            .set("interval.ms", to: "1000"),
                        ]
                    ]
                    try await admin.incrementalAlterConfigs(changes).allSucceeded()
                }
                // The brokers learn of the subscription a moment later.
                try await eventually("a producer's metrics are wanted", every: .milliseconds(500)) {
                    try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                        _ = try await producer.clientInstanceID()
                        _ = try await producer.send(ProducerRecord(topic: topic, value: "before"))
                    }
                    return try !self.received(file).isEmpty
                }

                var written = ProducerConfiguration(client)
                written.compression = .gzip
                let producerID = try await KafkaProducer.withProducer(written) { producer in
                    let id = try await producer.clientInstanceID().description
                    for index in 0..<10 {
                        _ = try await producer.send(ProducerRecord(topic: topic, value: Bytes("\(index)")))
                    }
                    try await eventually("the broker has the producer's metrics") {
                        try self.received(file).contains { $0.id == id }
                    }
                    _ = try await producer.send(ProducerRecord(topic: topic, value: "last"))
                    return id
                }
                let produced = try self.received(file).filter { $0.id == producerID }
                let sent = produced.filter { $0.name == "org.apache.kafka.producer.record.send.total" }
                #expect(sent.map(\.value).reduce(0, +) == 11)
                #expect(sent.count >= 2 && sent.allSatisfy { $0.kind == "AGGREGATION_TEMPORALITY_DELTA" })
                #expect(sent.last?.isLast == true && sent.first?.isLast == false)
                let latency = produced.first { $0.name == "org.apache.kafka.producer.node.request.latency.avg" }
                #expect(latency?.kind == "GAUGE" && latency?.labels == "{node_id=node-1}")

                var reading = ConsumerConfiguration(client, groupID: "telemetry")
                reading.autoOffsetReset = .earliest
                let consumerID = try await KafkaConsumer.withConsumer(reading, subscribedTo: [topic]) { consumer in
                    var count = 0
                    for try await _ in consumer.records {
                        count += 1
                        if count == 12 { break }
                    }
                    return try await consumer.clientInstanceID().description
                }
                let consumed = try self.received(file).filter { $0.id == consumerID }
                let records = consumed.filter {
                    $0.name == "org.apache.kafka.consumer.fetch.manager.records.consumed.total"
                }
                #expect(records.map(\.value).reduce(0, +) >= 12 && consumed.last?.isLast == true)
                #expect(consumed.allSatisfy { $0.client.contains("group_id=telemetry") })
            }
        }

        @Test(arguments: versions) func aRealBrokerWithoutAReceiverTakesNoMetrics(
            installation: KafkaInstallation
        ) async throws {
            let cluster = try await TestEnvironment.real(installation).cluster()
            let client = KafkaClientConfiguration(bootstrapServers: cluster.bootstrapServers)
            try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                let error = await #expect(throws: KafkaError.self) { try await producer.clientInstanceID() }
                #expect(error?.code == .unsupportedVersion)
            }
        }

        /// The embedded broker asks Java's clients as Kafka does, and reads what they push.
        @Test(arguments: versions) func theEmbeddedBrokerTakesTheMetricsOfJavasProducer(
            installation: KafkaInstallation
        ) async throws {
            var configuration = EmbeddedKafka.Configuration()
            configuration.metricsSubscription = EmbeddedKafka.MetricsSubscription(interval: .seconds(1))
            try await EmbeddedKafka.withCluster(configuration) { kafka in
                try await kafka.createTopic("t", partitions: 1)
                let lines = try await JavaProgram.run(
                    "PushingProducer", [kafka.bootstrapServers[0], "t", "5"], with: installation)
                let pushes = try await kafka.pushedMetrics().filter { $0.clientInstanceID.description == lines.last }
                let sent = pushes.compactMap { $0.value(of: "org.apache.kafka.producer.record.send.total") }
                #expect(sent.reduce(0, +) == 5)
                // A Java producer that has nothing left to send ends without a last push.
                #expect(pushes.count >= 2 && pushes.dropLast().allSatisfy { !$0.isLast })
                #expect(pushes.first?.compression == .zstd)
            }
        }
    }
}
