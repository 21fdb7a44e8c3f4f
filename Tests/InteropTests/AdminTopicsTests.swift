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
    /// The calls about topics, compared with Kafka's own tool.
    @Suite(.timeLimit(.minutes(5)))
    struct AdminTopics {
        private static let tool = "org.apache.kafka.tools.TopicCommand"

        /// Waits until the broker that is asked knows the topics, which it learns shortly after they are created.
        private func describe(
            _ names: [String], _ admin: KafkaAdminClient
        ) async throws -> [String: TopicDescription] {
            var topics: [String: TopicDescription] = [:]
            try await eventually("the broker knows \(names)") {
                let results = await admin.describeTopics(names)
                guard let all = try? results.allSucceeded() else { return false }
                topics = all
                return all.values.allSatisfy { $0.partitions.allSatisfy { $0.leader != nil } }
            }
            return topics
        }

        /// Kafka's description of a topic: the fields of its first line, and those of each partition's.
        private func tool(
            describes name: String, _ cluster: TestCluster
        ) async throws -> (topic: [String: String], partitions: [[String: String]]) {
            let lines = try await KafkaTool.run(
                Self.tool, ["--bootstrap-server", cluster.bootstrap, "--describe", "--topic", name])
            let fields = lines.map { line in
                let pairs = line.split(separator: "\t").compactMap { field -> (String, String)? in
                    guard let colon = field.firstIndex(of: ":") else { return nil }
                    let value = field[field.index(after: colon)...].drop { $0 == " " }
                    return (String(field[..<colon]), String(value))
                }
                return Dictionary(pairs) { $1 }
            }
            return (fields.first { $0["PartitionCount"] != nil } ?? [:], fields.filter { $0["Partition"] != nil })
        }

        private func expectSame(_ topic: TopicDescription, _ cluster: TestCluster) async throws {
            let told = try await self.tool(describes: topic.name, cluster)
            #expect(told.topic["Topic"] == topic.name)
            #expect(told.topic["TopicId"].flatMap { KafkaUUID($0) }.flatMap { $0 == .zero ? nil : $0 } == topic.id)
            #expect(told.topic["PartitionCount"] == "\(topic.partitions.count)")
            #expect(told.topic["ReplicationFactor"] == "\(topic.replicationFactor)")
            func list(_ ids: [Int32]) -> String { ids.map { "\($0)" }.joined(separator: ",") }
            let ours = topic.partitions.map { partition in
                [
                    "Topic": topic.name, "Partition": "\(partition.partition)",
                    "Leader": partition.leader.map { "\($0)" } ?? "none", "Replicas": list(partition.replicas),
                    "Isr": list(partition.inSyncReplicas),
                    "Elr": partition.eligibleLeaderReplicas.map(list) ?? "N/A",
                    "LastKnownElr": partition.lastKnownEligibleLeaderReplicas.map(list) ?? "N/A",
                ]
            }
            #expect(told.partitions == ours)
        }

        @Test(arguments: TestEnvironment.all)
        func topicsAreCreatedListedDescribedAndDeletedAsKafkasToolSeesThem(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let (counted, placed, foreign) = (unique("counted"), unique("placed"), unique("foreign"))
            let hasIDs = environment.isAtLeast(2, 8)
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                let created = try await admin.createTopics([
                    NewTopic(counted, partitionCount: 3, replicationFactor: 1, configs: ["retention.ms": "60000"])
                ]).allSucceeded()
                #expect(created[counted]?.isNew == true)
                #expect((created[counted]?.id != nil) == hasIDs)
                #expect(created[counted]?.partitionCount == (environment.isAtLeast(2, 4) ? 3 : nil))
                #expect(
                    created[counted]?.config?["retention.ms"]?.value == (environment.isAtLeast(2, 4) ? "60000" : nil))
                let leader = try #require(
                    try await self.describe([counted], admin)[counted]?.partitions.first?.leader)
                try await admin.createTopics([NewTopic(placed, assignments: [[leader], [leader]])]).allSucceeded()

                guard RealKafka.isAvailable else { return }
                try await KafkaTool.run(
                    Self.tool,
                    [
                        "--bootstrap-server", cluster.bootstrap, "--create", "--topic", foreign, "--partitions", "2",
                        "--replication-factor", "1",
                    ])
                let topics = try await self.describe([counted, placed, foreign], admin)
                #expect(topics[counted]?.partitions.count == 3)
                #expect(topics[placed]?.partitions.map(\.replicas) == [[leader], [leader]])
                for topic in topics.values { try await self.expectSame(topic, cluster) }

                let id = topics[counted]?.id ?? KafkaUUID(high: 1, low: 2)
                let byID = await admin.describeTopics(ids: [id])
                if environment.isAtLeast(3, 1) {
                    #expect(try byID[id]?.get().name == counted)
                    #expect(
                        try byID[id]?.get().partitions.map(\.replicas) == topics[counted]?.partitions.map(\.replicas))
                } else {
                    let error = #expect(throws: KafkaError.self) { try byID[id]?.get() }
                    #expect(error?.code == .unsupportedVersion && error?.message.contains("Kafka 3.1") == true)
                }

                let listed = try await admin.listTopics(includeInternal: true)
                let told = try await KafkaTool.run(Self.tool, ["--bootstrap-server", cluster.bootstrap, "--list"])
                #expect(listed.map(\.name) == told.sorted())
                #expect(listed.filter(\.isInternal).allSatisfy { $0.name.hasPrefix("__") })

                try await admin.deleteTopics([counted, foreign]).allSucceeded()
                if hasIDs, let id = topics[placed]?.id {
                    try await admin.deleteTopics(ids: [id]).allSucceeded()
                } else {
                    let id = KafkaUUID(high: 1, low: 2)
                    let error = await #expect(throws: KafkaError.self) {
                        try await admin.deleteTopics(ids: [id])[id]?.get()
                    }
                    #expect(error?.code == .unsupportedVersion)
                    #expect(error?.message.contains("Kafka 2.8") == true)
                    try await admin.deleteTopics([placed]).allSucceeded()
                }
                try await eventually("the topics are gone") {
                    let left = try await admin.listTopics().map(\.name)
                    return [counted, placed, foreign].allSatisfy { !left.contains($0) }
                }
                let left = try await KafkaTool.run(Self.tool, ["--bootstrap-server", cluster.bootstrap, "--list"])
                #expect([counted, placed, foreign].allSatisfy { !left.contains($0) })
            }
        }

        @Test(arguments: TestEnvironment.all)
        func theBrokersDefaultsAndExistingTopicsAreAsExpected(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let (byDefault, existing) = (unique("default"), try await cluster.createTopic("existing", partitions: 2))
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                let results = await admin.createTopics([NewTopic(byDefault)], validateOnly: true)
                if environment.isAtLeast(2, 4) {
                    let topic = try #require(try results[byDefault]?.get())
                    #expect(topic.partitionCount == environment.defaultPartitions)
                    #expect(topic.id == nil, "there is no topic")
                } else {
                    let error = #expect(throws: KafkaError.self) { try results[byDefault]?.get() }
                    #expect(error?.code == .unsupportedVersion)
                    #expect(error?.message.contains("Kafka 2.4") == true)
                }
                #expect(try await admin.listTopics().allSatisfy { $0.name != byDefault })

                let again = NewTopic(existing, partitionCount: 5, replicationFactor: 1)
                let refused = await admin.createTopics([again])
                let error = #expect(throws: KafkaError.self) { try refused[existing]?.get() }
                #expect(error?.brokerCode == .topicAlreadyExists)
                #expect(try await admin.createTopics([again], ifExists: .ignore)[existing]?.get().isNew == false)
                let bad = NewTopic(
                    unique("bad"), partitionCount: 1, replicationFactor: 1, configs: ["retention.ms": "soon"])
                let invalid = await #expect(throws: KafkaError.self) {
                    try await admin.createTopics([bad])[bad.name]?.get()
                }
                #expect(invalid?.brokerCode == .invalidConfig)

                let missing = unique("missing")
                let described = await admin.describeTopics([missing, existing])
                #expect(try described[existing]?.get().partitions.count == 2)
                let unknown = #expect(throws: KafkaError.self) { try described[missing]?.get() }
                #expect(unknown?.code == .unknownTopicOrPartition)
                let undeleted = await #expect(throws: KafkaError.self) {
                    try await admin.deleteTopics([missing])[missing]?.get()
                }
                #expect(undeleted?.code == .unknownTopicOrPartition)
                try await admin.deleteTopics([missing, existing], ifMissing: .ignore).allSucceeded()
            }
        }
    }
}

extension TestEnvironment {
    /// `num.partitions` of the shared cluster.
    fileprivate var defaultPartitions: Int {
        if case .real = self { 4 } else { 1 }
    }

    /// Whether the brokers have what came with this version of Kafka. The embedded one has everything.
    func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
        switch self {
        case .embedded: true
        case .real(let installation): installation.version >= KafkaVersion(major, minor)
        }
    }
}
