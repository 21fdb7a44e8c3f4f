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

extension InteropTests {
    /// The calls about log directories, compared with Kafka's own tool.
    @Suite(.timeLimit(.minutes(3)))
    struct AdminLogDirs {
        private struct Told: Decodable {
            struct Broker: Decodable {
                var broker: Int32
                var logDirs: [Dir]
            }
            struct Dir: Decodable {
                var logDir: String
                var error: String?
                var partitions: [Partition]
            }
            struct Partition: Decodable, Hashable {
                var partition: String
                var size: Int64
                var offsetLag: Int64
                var isFuture: Bool
            }
            var brokers: [Broker]
        }

        /// The embedded broker has one directory only, which is in memory.
        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: TestEnvironment.real)
        func directoriesAreDescribedAndAReplicaIsMovedAsKafkasToolSeesIt(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let topic = try await cluster.createTopic("moved", partitions: 2)
            try await KafkaProducer.withProducer(ProducerConfiguration(cluster.client)) { producer in
                for partition in 0..<Int32(2) {
                    _ = try await producer.send(
                        ProducerRecord(topic: topic, partition: partition, value: String(repeating: "x", count: 1000)))
                }
            }
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                let broker = try #require(try await admin.describeCluster().brokers.first?.id)
                func dirs() async throws -> [LogDirDescription] {
                    try await admin.describeLogDirs(ofBrokers: [broker]).allSucceeded()[broker] ?? []
                }
                func own(_ dir: LogDirDescription) -> [Told.Partition] {
                    dir.replicas.filter { $0.partition.topic == topic }.map {
                        Told.Partition(
                            partition: "\($0.partition)", size: $0.size, offsetLag: $0.offsetLag,
                            isFuture: $0.isFuture)
                    }
                }
                let before = try await dirs()
                #expect(before.count == 2)
                #expect(before.flatMap(own).count == 2 && before.flatMap(own).allSatisfy { $0.size > 1000 })
                #expect(before.allSatisfy { ($0.totalBytes != nil) == environment.isAtLeast(3, 3) })
                let lines = try await KafkaTool.run(
                    "org.apache.kafka.tools.LogDirsCommand",
                    ["--bootstrap-server", cluster.bootstrap, "--describe", "--topic-list", topic])
                let json = try #require(lines.first { $0.hasPrefix("{") })
                let told = try JSONDecoder().decode(Told.self, from: Data(json.utf8)).brokers
                #expect(told.map(\.broker) == [broker])
                let toldDirs = Dictionary(
                    uniqueKeysWithValues: (told.first?.logDirs ?? []).map {
                        ($0.logDir, Set($0.partitions))
                    })
                #expect(toldDirs == Dictionary(uniqueKeysWithValues: before.map { ($0.path, Set(own($0))) }))

                let partition = TopicPartition(topic, 0)
                func place() async throws -> [LogDirDescription] {
                    try await dirs().filter { $0.replicas.contains { $0.partition == partition } }
                }
                let from = try #require(try await place().first)
                let to = try #require(before.first { $0.path != from.path })
                let replica = TopicPartitionReplica(partition, broker: broker)
                let other = TopicPartitionReplica(TopicPartition(topic, 1), broker: broker)
                let results = await admin.alterReplicaLogDirs([replica: to.path, other: "/no/such/directory"])
                #expect(throws: Never.self) { try results[replica]?.get() }
                let error = #expect(throws: KafkaError.self) { try results[other]?.get() }
                #expect(error?.brokerCode == .logDirNotFound)
                try await eventually("the replica is in the other directory") {
                    let now = try await place()
                    return now.map(\.path) == [to.path]
                        && now.allSatisfy { $0.replicas.allSatisfy { $0.partition != partition || !$0.isFuture } }
                }
            }
        }
    }
}
