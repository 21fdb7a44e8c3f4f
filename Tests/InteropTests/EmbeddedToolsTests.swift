// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaTestSupport
import Testing

extension InteropTests {
    /// Kafka's own tools against the embedded broker.
    @Suite(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), .timeLimit(.minutes(4)))
    struct EmbeddedTools {
        private func run(_ tool: String, _ kafka: EmbeddedKafka, _ arguments: [String]) async throws -> [String] {
            try await KafkaTool.run(
                tool, ["--bootstrap-server", kafka.bootstrapServers.joined(separator: ",")] + arguments)
        }

        @Test func kafkasTestOfCompatibilityPasses() async throws {
            try await EmbeddedKafka.withCluster(brokers: 3) { kafka in
                let lines = try await self.run(
                    "org.apache.kafka.tools.ClientCompatibilityTest", kafka,
                    [
                        "--topic", "compatibility", "--num-cluster-nodes", "3", "--offsets-for-times-supported", "True",
                        "--cluster-id-supported", "True", "--expect-record-too-large-exception", "False",
                        "--create-topics-supported", "True", "--describe-acls-supported", "True",
                        "--describe-configs-supported", "True", "--idempotent-producer-supported", "True",
                    ])
                #expect(lines.last == "SUCCESS.", "\(lines)")
            }
        }

        @Test(arguments: [0, 2]) func kafkasProducerWritesTransactions(version: Int) async throws {
            var configuration = EmbeddedKafka.Configuration(brokers: 2)
            configuration.transactionVersion = version
            try await EmbeddedKafka.withCluster(configuration) { kafka in
                try await kafka.createTopic("t", partitions: 3)
                _ = try await self.run(
                    "org.apache.kafka.tools.ProducerPerformance", kafka,
                    [
                        "--topic", "t", "--num-records", "1000", "--record-size", "10", "--throughput", "1000",
                        "--transactional-id", "perf", "--transaction-duration-ms", "50",
                    ])
                #expect(try await kafka.records(of: "t").count == 1000)
                let transaction = try #require(try await kafka.transaction("perf"))
                #expect(transaction.state == "CompleteCommit")
                // Version 2 has an epoch for each transaction, and adds partitions by writing to them.
                #expect((transaction.producerEpoch > 2) == (version == 2))
                #expect(kafka.requests.contains { $0.api == .addPartitionsToTxn } == (version == 0))
            }
        }

        @Test func topicsAndTheirSettingsAreChangedByKafkasTools() async throws {
            try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
                let topics = "org.apache.kafka.tools.TopicCommand"
                let configs = "kafka.admin.ConfigCommand"
                _ = try await self.run(
                    topics, kafka,
                    [
                        "--create", "--topic", "t", "--partitions", "3", "--replication-factor", "2", "--config",
                        "retention.ms=60000",
                    ])
                let described = try await self.run(topics, kafka, ["--describe", "--topic", "t"])
                #expect(described.first?.contains("PartitionCount: 3") == true, "\(described)")
                #expect(described.first?.contains("retention.ms=60000") == true, "\(described)")
                _ = try await self.run(
                    configs, kafka,
                    [
                        "--alter", "--entity-type", "topics", "--entity-name", "t", "--add-config",
                        "cleanup.policy=[compact,delete],max.message.bytes=2000", "--delete-config", "retention.ms",
                    ])
                let settings = try await self.run(
                    configs, kafka, ["--describe", "--entity-type", "topics", "--entity-name", "t"])
                #expect(
                    settings.contains { $0.contains("cleanup.policy=compact,delete sensitive=false") }, "\(settings)")
                #expect(!settings.contains { $0.contains("retention.ms=60000") }, "\(settings)")
                await #expect(throws: RealCluster.Failure.self) {
                    _ = try await self.run(
                        configs, kafka,
                        [
                            "--alter", "--entity-type", "topics", "--entity-name", "t", "--add-config",
                            "retention.ms=soon",
                        ])
                }
                _ = try await self.run(
                    configs, kafka,
                    [
                        "--alter", "--entity-type", "brokers", "--entity-default", "--add-config",
                        "log.retention.ms=5000",
                    ])
                let ofBrokers = try await self.run(
                    configs, kafka, ["--describe", "--all", "--entity-type", "brokers", "--entity-name", "2"])
                #expect(
                    ofBrokers.contains {
                        $0.contains(
                            "log.retention.ms=5000 sensitive=false synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:log.retention.ms=5000, "
                                + "STATIC_BROKER_CONFIG:log.retention.ms=-1}")
                    }, "\(ofBrokers)")
                _ = try await self.run(
                    configs, kafka,
                    [
                        "--alter", "--entity-type", "users", "--entity-name", "bob", "--add-config",
                        "SCRAM-SHA-256=[iterations=4096,password=secret]",
                    ])
                _ = try await self.run(
                    configs, kafka,
                    [
                        "--alter", "--entity-type", "users", "--entity-name", "bob", "--add-config",
                        "producer_byte_rate=1000,consumer_byte_rate=2000",
                    ])
                let bob = try await self.run(
                    configs, kafka, ["--describe", "--entity-type", "users", "--entity-name", "bob"])
                #expect(bob.contains { $0.contains("SCRAM-SHA-256=iterations=4096") }, "\(bob)")
                #expect(bob.contains { $0.contains("producer_byte_rate=1000.0") }, "\(bob)")
            }
        }

        @Test(arguments: TestEnvironment.real.filter { $0.isAtLeast(4, 4) })
        func theSettingsAreThoseOfKafka(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let name = try await cluster.createTopic("settings")
            func describe(
                _ client: KafkaClientConfiguration, _ topic: String
            ) async throws -> (topic: ResourceConfig, broker: ResourceConfig) {
                try await KafkaAdminClient.withAdminClient(client) { admin in
                    let broker = try #require(try await admin.describeCluster().brokers.first?.id)
                    let configs = await admin.describeConfigs([.topic(topic), .broker(broker)])
                    return (
                        try #require(try configs[.topic(topic)]?.get()),
                        try #require(try configs[.broker(broker)]?.get())
                    )
                }
            }
            let real = try await describe(cluster.client, name)
            try await EmbeddedKafka.withBroker { kafka in
                try await kafka.createTopic("t")
                var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
                client.log = SilentLog()
                let embedded = try await describe(client, "t")
                #expect(embedded.topic.entries.map(\.name) == real.topic.entries.map(\.name))
                let pairs =
                    embedded.topic.entries.map { ($0, real.topic[$0.name]) }
                    + embedded.broker.entries.map { ($0, real.broker[$0.name]) }
                for (own, kafkas) in pairs {
                    let kafkas = try #require(kafkas, "\(own.name)")
                    #expect(own.type == kafkas.type, "\(own.name)")
                    // What can be changed here can be changed there.
                    #expect(own.isReadOnly || !kafkas.isReadOnly, "\(own.name)")
                    #expect(own.isSensitive == kafkas.isSensitive, "\(own.name)")
                    if own.isDefault, kafkas.isDefault { #expect(own.value == kafkas.value, "\(own.name)") }
                }
            }
        }

        @Test(arguments: TestEnvironment.real.filter { $0.isAtLeast(4, 4) })
        func changesOfSettingsAreRefusedAsByKafka(environment: TestEnvironment) async throws {
            let ofTopics: [[ConfigChange]] = [
                [.set("retention.ms", to: "1000")], [.set("no.such.setting", to: "1")],
                [.set("retention.ms", to: "soon")], [.set("retention.ms", to: "-2")],
                [.set("retention.bytes", to: "-5")], [.set("segment.bytes", to: "1")],
                [.set("cleanup.policy", to: "")], [.set("cleanup.policy", to: "shred")],
                [.set("cleanup.policy", to: "delete,delete")], [.append("cleanup.policy", "compact")],
                [.append("retention.ms", "1")], [.subtract("cleanup.policy", "compact")],
                [.delete("retention.ms")], [.delete("no.such.setting")],
                [.set("remote.storage.enable", to: "true")],
                [.set("min.compaction.lag.ms", to: "9"), .set("max.compaction.lag.ms", to: "8")],
                [.set("retention.ms", to: "1"), .delete("retention.ms")],
                [.set("compression.gzip.level", to: "0")], [.set("compression.lz4.level", to: "18")],
                [.set("follower.replication.throttled.replicas", to: "0")],
                [.set("min.cleanable.dirty.ratio", to: "2")], [.set("preallocate", to: "maybe")],
            ]
            let ofBrokers: [[ConfigChange]] = [
                [.set("log.retention.ms", to: "1000")], [.set("log.retention.ms", to: "soon")],
                [.set("num.partitions", to: "3")], [.set("message.max.bytes", to: "-1")],
                [.append("log.cleanup.policy", "compact")], [.append("log.retention.ms", "1")],
                [.delete("log.retention.ms")],
            ]
            func codes(_ client: KafkaClientConfiguration, _ topic: String) async throws -> [String] {
                try await KafkaAdminClient.withAdminClient(client) { admin in
                    let broker = try #require(try await admin.describeCluster().brokers.first?.id)
                    var codes: [String] = []
                    func ask(_ resource: ConfigResource, _ changes: [ConfigChange]) async {
                        let results = await admin.incrementalAlterConfigs([resource: changes], validateOnly: true)
                        var code = "accepted"
                        if case .failure(let error) = results[resource] { code = "\(error.brokerCode ?? .none)" }
                        codes.append("\(resource == .topic(topic) ? "topic" : "broker") \(changes): \(code)")
                    }
                    for changes in ofTopics { await ask(.topic(topic), changes) }
                    for changes in ofBrokers { await ask(.broker(broker), changes) }
                    return codes
                }
            }
            let cluster = try await environment.cluster()
            let expected = try await codes(cluster.client, try await cluster.createTopic("refused"))
            try await EmbeddedKafka.withBroker { kafka in
                try await kafka.createTopic("t")
                var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
                client.log = SilentLog()
                for (own, kafkas) in zip(try await codes(client, "t"), expected) { #expect(own == kafkas) }
            }
        }

        @Test(arguments: TestEnvironment.all.filter { $0.isAtLeast(4, 4) })
        func noMoreReplicasMustBeInSyncThanATopicHas(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("demanding", settings: ["min.insync.replicas": "9"])
            try await KafkaProducer.withProducer(ProducerConfiguration(cluster.client)) { producer in
                let stored = try await producer.send(ProducerRecord(topic: topic, value: "accepted"))
                #expect(stored.offset == 0)
            }
        }

        @Test func aclsAreManagedByKafkasToolAndObeyed() async throws {
            var configuration = EmbeddedKafka.Configuration()
            configuration.users = ["alice": "alice-secret"]
            configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
            configuration.authorizer = EmbeddedKafka.Authorizer(superUsers: ["User:ANONYMOUS"])
            try await EmbeddedKafka.withCluster(configuration) { kafka in
                let acls = "org.apache.kafka.tools.AclCommand"
                try await kafka.createTopic("t")
                var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers(of: "SASL"))
                client.log = SilentLog()
                client.security = .sasl(.plain(username: "alice", password: "alice-secret"), over: .plaintext)
                let producing = ProducerConfiguration(client)
                try await KafkaProducer.withProducer(producing) { producer in
                    let error = await #expect(throws: KafkaError.self) {
                        try await producer.send(ProducerRecord(topic: "t", value: "denied"))
                    }
                    #expect(error?.code == .authorizationFailed)
                }
                _ = try await self.run(
                    acls, kafka, ["--add", "--allow-principal", "User:alice", "--producer", "--topic", "t"])
                let listed = try await self.run(acls, kafka, ["--list", "--topic", "t"])
                for operation in ["WRITE", "DESCRIBE", "CREATE"] {
                    #expect(
                        listed.contains {
                            $0.contains("(principal=User:alice, host=*, operation=\(operation), permissionType=ALLOW)")
                        }, "\(listed)")
                }
                try await KafkaProducer.withProducer(producing) { producer in
                    _ = try await producer.send(ProducerRecord(topic: "t", value: "allowed"))
                }
                #expect(try await kafka.records(of: "t").map(\.value) == ["allowed"])
                _ = try await self.run(acls, kafka, ["--remove", "--force", "--topic", "t"])
                let left = try await self.run(acls, kafka, ["--list"])
                #expect(!left.contains { $0.contains("User:alice") }, "\(left)")
            }
        }

        @Test func aCompactedTopicIsReadAndItsGroupDescribedByKafkasClients() async throws {
            try await EmbeddedKafka.withBroker { kafka in
                try await kafka.createTopic("t", configuration: ["cleanup.policy": "compact"])
                var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
                client.log = SilentLog()
                try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                    for index in 0..<40 {
                        try await producer.enqueue(
                            ProducerRecord(topic: "t", key: Bytes("k\(index % 4)"), value: Bytes("v\(index)")))
                        if index % 7 == 0 { try await producer.flush() }
                    }
                    try await producer.flush()
                }
                try await kafka.clean()
                #expect(try await kafka.records(of: "t").map(\.offset) == [36, 37, 38, 39])
                let read = try await self.run(
                    "org.apache.kafka.tools.consumer.ConsoleConsumer", kafka,
                    ["--topic", "t", "--group", "g", "--from-beginning", "--max-messages", "4"])
                #expect(read == ["v36", "v37", "v38", "v39"])
                let groups = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
                let described = try await self.run(groups, kafka, ["--describe", "--group", "g"])
                #expect(
                    described.contains { $0.split(separator: " ").prefix(6) == ["g", "t", "0", "40", "40", "0"] },
                    "\(described)")
                _ = try await self.run(
                    groups, kafka,
                    ["--reset-offsets", "--group", "g", "--topic", "t", "--to-offset", "37", "--execute"])
                #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 37)
                #expect(try await self.run(groups, kafka, ["--list"]) == ["g"])
                _ = try await self.run(groups, kafka, ["--delete", "--group", "g"])
                #expect(try await kafka.group("g") == nil)
            }
        }
    }
}
