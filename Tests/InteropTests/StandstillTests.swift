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
    /// What is missing or briefly unavailable is requested until it is available: reading resumes soon, rather than at
    /// the next metadata refresh, which is beyond these tests' time limit.
    @Suite(.serialized, .timeLimit(.minutes(3)))
    struct StandstillTests {
        private static let newest = TestEnvironment.real.first.map { [$0] } ?? []

        private func consuming(_ bootstrapServers: [String], group: String?) -> ConsumerConfiguration {
            var client = KafkaClientConfiguration(bootstrapServers: bootstrapServers)
            client.log = SilentLog()
            client.metadataMaxAge = .seconds(600)
            var configuration = ConsumerConfiguration(client, groupID: group)
            configuration.autoOffsetReset = .earliest
            return configuration
        }

        private func produce(_ value: String, to topic: String, at bootstrapServers: [String]) async throws {
            try await self.produce(ProducerRecord(topic: topic, value: Bytes(value)), at: bootstrapServers)
        }

        private func produce(
            _ value: String, to partition: TopicPartition, at bootstrapServers: [String]
        ) async throws {
            try await self.produce(
                ProducerRecord(topic: partition.topic, partition: partition.partition, value: Bytes(value)),
                at: bootstrapServers)
        }

        private func produce(_ record: ProducerRecord, at bootstrapServers: [String]) async throws {
            var client = KafkaClientConfiguration(bootstrapServers: bootstrapServers)
            client.log = SilentLog()
            _ = try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                try await producer.send(record)
            }
        }

        @Test(.namesWhere, arguments: [true, false])
        func aSubscribedTopicMayBeCreatedLater(hasGroup: Bool) async {
            await atOnce(on: TestEnvironment.all) { try await self.createLater(on: $0, hasGroup: hasGroup) }
        }

        private func createLater(on environment: TestEnvironment, hasGroup: Bool) async throws {
            let cluster = try await environment.cluster()
            let topic = unique("later")
            let configuration = self.consuming(cluster.bootstrapServers, group: hasGroup ? unique("group") : nil)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: [topic]) { consumer in
                // The topic doesn't exist for a while.
                let nothing = try await consumer.poll(timeout: .seconds(2))
                #expect(nothing.isEmpty)
                switch cluster {
                case .embedded(let kafka, _): try await kafka.createTopic(topic)
                case .real(let cluster): try await cluster.createTopic(topic, partitions: 1)
                }
                try await self.produce("first", to: topic, at: cluster.bootstrapServers)
                let record = try await consumer.read(1).first
                #expect(record?.text == "first")
            }
        }

        @Test(arguments: Self.newest)
        func readersContinueAfterTheOnlyBrokerRestarts(environment: TestEnvironment) async throws {
            guard case .real(let installation) = environment else { return }
            try await RealCluster.withCluster(installation) { cluster in
                try await cluster.createTopic("t", partitions: 3)
                let servers = cluster.bootstrapServers
                try await self.produce("before", to: "t", at: servers)
                let grouped = self.consuming(servers, group: "g")
                try await KafkaConsumer.withConsumer(grouped, subscribedTo: ["t"]) { member in
                    try await KafkaConsumer.withConsumer(
                        self.consuming(servers, group: nil), assigned: (0..<3).map { TopicPartition("t", $0) }
                    ) { reader in
                        for consumer in [member, reader] { #expect(try await consumer.read(1).first?.text == "before") }
                        try await cluster.restart(1)
                        try await self.produce("after", to: "t", at: servers)
                        for consumer in [member, reader] { #expect(try await consumer.read(1).first?.text == "after") }
                    }
                }
            }
        }

        @Test(arguments: Self.newest)
        func readersContinueWhenAStoppedBrokerComesBackLater(environment: TestEnvironment) async throws {
            guard case .real(let installation) = environment else { return }
            try await RealCluster.withCluster(installation, brokers: 3) { cluster in
                try await cluster.createTopic("t", partitions: 3, replicationFactor: 1)
                let servers = cluster.bootstrapServers
                let stopped = 2
                let partition = try #require(try await cluster.leaders(of: "t").firstIndex(of: stopped))
                let assigned = TopicPartition("t", Int32(partition))
                let grouped = self.consuming(servers, group: "g")
                try await KafkaConsumer.withConsumer(grouped, subscribedTo: ["t"]) { member in
                    try await KafkaConsumer.withConsumer(
                        self.consuming(servers, group: nil), assigned: [assigned]
                    ) { reader in
                        try await self.produce("before", to: assigned, at: servers)
                        for consumer in [member, reader] { #expect(try await consumer.read(1).first?.text == "before") }
                        await cluster.stop(stopped)
                        // Long enough that the pauses between requests have reached their maximum.
                        for consumer in [member, reader] {
                            #expect(try await consumer.poll(timeout: .seconds(5)).isEmpty)
                        }
                        try await cluster.restart(stopped)
                        try await self.produce("after", to: assigned, at: servers)
                        for consumer in [member, reader] { #expect(try await consumer.read(1).first?.text == "after") }
                    }
                }
            }
        }

        @Test(arguments: Self.newest)
        func readersContinueWhenAccessIsGrantedLater(environment: TestEnvironment) async throws {
            guard case .real(let installation) = environment else { return }
            let settings = [
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "allow.everyone.if.no.acl.found": "true", "super.users": "User:ANONYMOUS",
            ]
            try await RealCluster.withCluster(installation, settings: settings, isSecured: true) { cluster in
                try await cluster.createTopic("t", partitions: 1)
                try await self.grant("bob", topic: "t", at: cluster)
                try await self.produce("first", to: TopicPartition("t", 0), at: cluster.bootstrapServers)
                var configuration = self.consuming(
                    try #require(cluster.secured).bootstrapServers(.sasl), group: "g")
                configuration.cluster.security = .sasl(
                    .plain(username: SecuredListeners.username, password: Secret(SecuredListeners.password)),
                    over: .plaintext)
                try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                    var refusals: [KafkaError] = []
                    while refusals.count < 2 {
                        do throws(KafkaError) {
                            #expect(try await consumer.poll(timeout: .seconds(60)).isEmpty)
                        } catch {
                            refusals.append(error)
                        }
                    }
                    #expect(refusals.allSatisfy { $0.code == .authorizationFailed }, "\(refusals)")
                    try await self.grant(SecuredListeners.username, topic: "t", at: cluster)
                    var text: String?
                    while text == nil {
                        // An earlier refusal may be reported once more.
                        text = try? await consumer.read(1).first?.text
                    }
                    #expect(text == "first")
                }
            }
        }

        private func grant(_ user: String, topic: String, at cluster: RealCluster) async throws {
            try await cluster.run(
                "org.apache.kafka.tools.AclCommand",
                [
                    "--bootstrap-server", cluster.bootstrap, "--add", "--allow-principal", "User:\(user)",
                    "--operation", "Read", "--topic", topic,
                ])
        }

        @Test(arguments: Self.newest)
        func callsToAHangingBrokerEndAtTheirDeadlines(environment: TestEnvironment) async throws {
            guard case .real(let installation) = environment else { return }
            try await RealCluster.withCluster(installation) { cluster in
                try await cluster.createTopic("t", partitions: 1)
                let partition = TopicPartition("t", 0)
                var configuration = self.consuming(cluster.bootstrapServers, group: "g")
                configuration.cluster.apiTimeout = .seconds(2)
                configuration.cluster.requestTimeout = .seconds(600)
                configuration.closeTimeout = .seconds(2)
                try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) { consumer in
                    _ = try await consumer.committedOffset(of: partition)
                    _ = try await consumer.endOffsets(of: [partition])
                    await cluster.pause(1)
                    // The signal takes a moment to stop the broker.
                    try await eventually("the broker hangs") {
                        (try? await consumer.endOffsets(of: [partition])) == nil
                    }
                    await #expect(throws: KafkaError.self) { try await consumer.committedOffset(of: partition) }
                    await #expect(throws: KafkaError.self) { try await consumer.commit([partition: .init(offset: 0)]) }
                    await #expect(throws: KafkaError.self) { try await consumer.partitions(of: "unknown") }
                }
                await cluster.resume(1)
            }
        }
    }
}
