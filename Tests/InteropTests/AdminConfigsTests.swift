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
    /// The calls about settings, compared with Kafka's own tool.
    @Suite(.timeLimit(.minutes(4)))
    struct AdminConfigs {
        private static let tool = "kafka.admin.ConfigCommand"
        private static let sources: [ConfigSource: String] = [
            .topic: "DYNAMIC_TOPIC_CONFIG", .broker: "DYNAMIC_BROKER_CONFIG",
            .allBrokers: "DYNAMIC_DEFAULT_BROKER_CONFIG", .file: "STATIC_BROKER_CONFIG", .default: "DEFAULT_CONFIG",
        ]

        /// The settings as Kafka's tool prints them.
        private func lines(_ config: ResourceConfig) -> [String] {
            config.entries.map { entry in
                let synonyms = entry.synonyms.map {
                    "\(Self.sources[$0.source] ?? "?"):\($0.name)=\($0.value ?? "null")"
                }
                return "\(entry.name)=\(entry.value ?? "null") sensitive=\(entry.isSensitive) "
                    + "synonyms={\(synonyms.joined(separator: ", "))}"
            }.sorted()
        }

        private func tool(describes kind: String, _ name: String, _ cluster: TestCluster) async throws -> [String] {
            try await KafkaTool.run(
                Self.tool,
                [
                    "--bootstrap-server", cluster.bootstrap, "--describe", "--all", "--entity-type", kind,
                    "--entity-name", name,
                ]
            ).filter { $0.hasPrefix("  ") }.map { String($0.drop { $0 == " " }) }
        }

        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: TestEnvironment.all)
        func settingsAreDescribedAsKafkasToolSeesThem(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let name = try await cluster.createTopic(
                "described", settings: ["retention.ms": "60000", "cleanup.policy": "compact,delete"])
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                let broker = try #require(try await admin.describeCluster().brokers.first?.id)
                let results = await admin.describeConfigs(
                    [.topic(name), .broker(broker), .topic("missing")], includeSynonyms: true,
                    includeDocumentation: true)
                let topic = try #require(try results[.topic(name)]?.get())
                #expect(topic["retention.ms"]?.value == "60000")
                #expect(topic["retention.ms"]?.source == .topic)
                #expect(topic["retention.ms"]?.type == (environment.isAtLeast(2, 6) ? .long : nil))
                #expect((topic["retention.ms"]?.documentation != nil) == environment.isAtLeast(2, 6))
                let one = try await admin.describeConfigs([.topic(name)], keys: ["retention.ms"]).allSucceeded()
                #expect(one[.topic(name)]?.entries.map(\.name) == ["retention.ms"])
                try await self.listsResources(name, broker, environment, admin)
                let ofBroker = try #require(try results[.broker(broker)]?.get())
                #expect(ofBroker["log.dirs"]?.isReadOnly == true)
                let missing = #expect(throws: KafkaError.self) { try results[.topic("missing")]?.get() }
                #expect(missing?.code == .unknownTopicOrPartition)

                let toldTopic = try await self.tool(describes: "topics", name, cluster)
                #expect(self.lines(topic) == toldTopic.sorted())
                let toldBroker = try await self.tool(describes: "brokers", "\(broker)", cluster)
                let lines = self.lines(ofBroker)
                #expect(lines.filter { !toldBroker.contains($0) } == [])
                #expect(toldBroker.filter { !lines.contains($0) } == [])
            }
        }

        private func listsResources(
            _ topic: String, _ broker: Int32, _ environment: TestEnvironment, _ admin: KafkaAdminClient
        ) async throws {
            if environment.isAtLeast(4, 1) {
                let found = try await admin.listConfigResources()
                #expect(found.contains(.topic(topic)) && found.contains(.broker(broker)))
                let brokers = try await admin.listConfigResources(kinds: [.broker])
                #expect(brokers.contains(.broker(broker)) && brokers.allSatisfy { $0.kind == .broker })
            } else {
                let error = await #expect(throws: KafkaError.self) { try await admin.listConfigResources() }
                #expect(error?.code == .unsupportedVersion)
                let release = environment.isAtLeast(3, 7) ? "4.1" : "3.7"
                #expect(error?.message.contains("Kafka \(release)") == true)
            }
            if environment.isAtLeast(3, 7) {
                let metrics = try await admin.listConfigResources(kinds: [.clientMetrics])
                #expect(metrics.allSatisfy { $0.kind == .clientMetrics })
            }
        }

        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: TestEnvironment.all)
        func settingsAreChangedOneByOne(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let name = try await cluster.createTopic(
                "changed", settings: ["retention.ms": "60000", "segment.bytes": "1048576"])
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                let changes: [ConfigResource: [ConfigChange]] = [
                    .topic(name): [
                        .set("retention.ms", to: "70000"), .delete("segment.bytes"),
                        .append("cleanup.policy", "compact"),
                    ]
                ]
                guard environment.isAtLeast(2, 3) else {
                    let results = await admin.incrementalAlterConfigs(changes)
                    let error = #expect(throws: KafkaError.self) { try results[.topic(name)]?.get() }
                    #expect(error?.code == .unsupportedVersion)
                    #expect(error?.message.contains("Kafka 2.3") == true)
                    return
                }
                func own() async throws -> [String: String] {
                    let config = try await admin.describeConfigs([.topic(name)]).allSucceeded()[.topic(name)]
                    let entries = (config?.entries ?? []).filter { $0.source == .topic }
                    return Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.value ?? "") })
                }
                let before = try await own()
                try await admin.incrementalAlterConfigs(changes, validateOnly: true).allSucceeded()
                #expect(try await own() == before)
                let refused = await admin.incrementalAlterConfigs([
                    .topic(name): [.set("retention.ms", to: "soon")],
                    .topic("missing"): [.set("retention.ms", to: "1000")],
                ])
                let invalid = #expect(throws: KafkaError.self) { try refused[.topic(name)]?.get() }
                #expect(invalid?.brokerCode == .invalidConfig)
                #expect(invalid?.topic == name)
                let missing = #expect(throws: KafkaError.self) { try refused[.topic("missing")]?.get() }
                #expect(missing?.code == .unknownTopicOrPartition)

                try await admin.incrementalAlterConfigs(changes).allSucceeded()
                try await eventually("the settings have changed") {
                    try await own() == ["retention.ms": "70000", "cleanup.policy": "delete,compact"]
                }
                try await admin.incrementalAlterConfigs([.topic(name): [.subtract("cleanup.policy", "delete")]])
                    .allSucceeded()
                try await eventually("the settings have changed") {
                    try await own() == ["retention.ms": "70000", "cleanup.policy": "compact"]
                }
                let told = try await self.tool(describes: "topics", name, cluster)
                #expect(told.contains { $0.hasPrefix("cleanup.policy=compact ") })
                #expect(told.contains { $0.hasPrefix("retention.ms=70000 ") })
            }
        }
    }
}
