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
    /// The calls that move replicas, elect leaders and unregister brokers, compared with Kafka's own tools.
    @Suite(.timeLimit(.minutes(6)))
    struct AdminReassignments {
        @Test(
            .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"),
            arguments: TestEnvironment.real.filter { !$0.isAtLeast(2, 2) })
        func anOldBrokerNamesTheReleaseThatHasReassignments(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let partition = TopicPartition("t", 0)
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                let results = await admin.alterPartitionReassignments([partition: .cancel])
                let altering = #expect(throws: KafkaError.self) { try results[partition]?.get() }
                #expect(altering?.message.contains("Kafka 2.4") == true)
                let listing = await #expect(throws: KafkaError.self) { try await admin.listPartitionReassignments() }
                #expect(listing?.message.contains("Kafka 2.4") == true)
                let elections = await admin.electLeaders(.preferred, of: [partition])
                let electing = #expect(throws: KafkaError.self) { try elections[partition]?.get() }
                #expect(electing?.message.contains("Kafka 2.2") == true)
            }
        }

        @Test(
            .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"),
            arguments: RealKafka.installations.filter { $0.version >= KafkaVersion(3, 3) })
        func replicasMoveLeadersAreElectedAndABrokerIsUnregistered(installation: KafkaInstallation) async throws {
            try await RealCluster.withCluster(installation, brokers: 3, racks: ["a", "b", "c"]) { cluster in
                var client = KafkaClientConfiguration(bootstrapServers: cluster.bootstrapServers)
                client.log = SilentLog()
                try await KafkaAdminClient.withAdminClient(client) { admin in
                    try await self.spread(cluster, admin)
                    try await self.moveAndElect(cluster, installation, admin)
                    try await self.electUncleanly(cluster, admin)
                    try await self.unregister(cluster, installation, admin)
                }
            }
        }

        private func partition(_ partition: TopicPartition, _ admin: KafkaAdminClient) async throws
            -> PartitionDescription?
        {
            try await admin.describeTopics([partition.topic]).allSucceeded()[partition.topic]?.partitions
                .first { $0.partition == partition.partition }
        }

        private struct Proposal: Decodable {
            struct Partition: Decodable {
                var replicas: [Int32]
            }
            var partitions: [Partition]

            /// How many replicas each broker gets.
            var counts: [Int32: Int] {
                self.partitions.flatMap(\.replicas).reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
        }

        /// The project's plan spreads a topic as evenly as the one that Kafka's tool generates, and can be carried out.
        private func spread(_ cluster: RealCluster, _ admin: KafkaAdminClient) async throws {
            let created = NewTopic("spread", assignments: [[Int32]](repeating: [1, 2], count: 6))
            try await admin.createTopics([created]).allSucceeded()
            try await cluster.untilInSync("spread", partitions: 6, copies: 2)
            let topics = try await admin.describeTopics(["spread"]).allSucceeded()
            let brokers = try await admin.describeCluster().brokers
            let plan = try ReassignmentPlan(spreading: Array(topics.values), over: brokers)
            let input = cluster.folder.appendingPathComponent("topics-to-move.json")
            try Data(#"{"version":1,"topics":[{"topic":"spread"}]}"#.utf8).write(to: input)
            let told = try await cluster.run(
                "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
                [
                    "--bootstrap-server", cluster.bootstrap, "--generate", "--broker-list", "1,2,3",
                    "--topics-to-move-json-file", input.path,
                ])
            let json = try #require(told.last { $0.hasPrefix("{") })
            let generated = try JSONDecoder().decode(Proposal.self, from: Data(json.utf8))
            // Kafka's own plan begins with a random broker, and isn't always quite as even.
            #expect(generated.counts.values.reduce(0, +) == 12 && generated.counts.count == 3)

            try await admin.alterPartitionReassignments(plan.reassignments).allSucceeded()
            let target = plan.changes.map(\.to)
            var after: TopicDescription?
            try await eventually("the replicas are spread") {
                after = try await admin.describeTopics(["spread"]).allSucceeded()["spread"]
                let changed = plan.changes.map { change in
                    after?.partitions.first { $0.partition == change.partition.partition }?.replicas
                }
                return changed == target
            }
            let spread = try #require(after)
            let ours = Proposal(partitions: spread.partitions.map { Proposal.Partition(replicas: $0.replicas) })
            #expect(ours.counts == [1: 4, 2: 4, 3: 4])
            #expect(plan.changes.flatMap(\.added).count == 4)
            #expect(try await admin.listPartitionReassignments(of: plan.changes.map(\.partition)).isEmpty)
        }

        private func moveAndElect(
            _ cluster: RealCluster, _ installation: KafkaInstallation, _ admin: KafkaAdminClient
        ) async throws {
            let topic = TopicPartition("moved", 0)
            let other = TopicPartition("moved", 1)
            try await admin.createTopics([NewTopic("moved", assignments: [[1, 2], [1, 2]])]).allSucceeded()
            try await cluster.untilInSync("moved", partitions: 2, copies: 2)

            // A move to a broker that is down stays in progress.
            await cluster.kill(3)
            let results = await admin.alterPartitionReassignments([
                topic: .replicas([3, 2]), other: .replicas([1, 99]), TopicPartition("missing", 0): .replicas([1]),
            ])
            #expect(throws: Never.self) { try results[topic]?.get() }
            let unknown = #expect(throws: KafkaError.self) { try results[other]?.get() }
            #expect(unknown?.brokerCode == .invalidReplicaAssignment)
            let missing = #expect(throws: KafkaError.self) { try results[TopicPartition("missing", 0)]?.get() }
            #expect(missing?.code == .unknownTopicOrPartition)
            let moving = try await admin.listPartitionReassignments()
            #expect(moving.keys.map { $0 } == [topic])
            #expect(moving[topic]?.addingReplicas == [3] && moving[topic]?.removingReplicas == [1])
            #expect(moving[topic]?.targetReplicas == [3, 2])
            let ofOther = try await admin.listPartitionReassignments(of: [other])
            #expect(ofOther.isEmpty)
            let servers = [1, 2].map { "127.0.0.1:\(cluster.port(of: $0))" }.joined(separator: ",")
            let told = try await KafkaTool.run(
                "org.apache.kafka.tools.reassign.ReassignPartitionsCommand", ["--bootstrap-server", servers, "--list"])
            #expect(told.contains("moved-0: replicas: 3,2,1. adding: 3. removing: 1."), "\(told)")
            let tool = ToolProgram([1, 2].map { "127.0.0.1:\(cluster.port(of: $0))" })
            let printed = try await tool.objects("reassign", "list").map { row in
                func numbers(_ name: String) -> String {
                    (row[name] as? [Int] ?? []).map { "\($0)" }.joined(separator: ",")
                }
                return "\(row["topic"] ?? "")-\(row["partition"] ?? ""): replicas: \(numbers("replicas")). "
                    + "adding: \(numbers("adding")). removing: \(numbers("removing"))."
            }
            #expect(printed == ["moved-0: replicas: 3,2,1. adding: 3. removing: 1."])

            try await admin.alterPartitionReassignments([topic: .cancel]).allSucceeded()
            let cancelled = try await admin.listPartitionReassignments()
            #expect(cancelled.isEmpty)
            let again = await admin.alterPartitionReassignments([topic: .cancel])
            let none = #expect(throws: KafkaError.self) { try again[topic]?.get() }
            #expect(none?.brokerCode == .noReassignmentInProgress)

            try await cluster.restart(3)
            try await admin.alterPartitionReassignments([topic: .replicas([3, 2]), other: .replicas([2, 1])])
                .allSucceeded()
            try await eventually("the replicas have moved") {
                let moved = try await self.partition(topic, admin)
                return moved?.replicas == [3, 2] && moved?.inSyncReplicas.sorted() == [2, 3]
            }
            // Broker 1 still leads the other partition, whose replicas have only changed places.
            let elections = await admin.electLeaders(.preferred, of: [topic, other, TopicPartition("missing", 0)])
            #expect(try elections[other]?.get() == .elected)
            #expect(throws: Never.self) { try elections[topic]?.get() }
            let absent = #expect(throws: KafkaError.self) { try elections[TopicPartition("missing", 0)]?.get() }
            #expect(absent?.code == .unknownTopicOrPartition)
            try await eventually("the preferred replicas lead") {
                let leaders = try await (self.partition(topic, admin)?.leader, self.partition(other, admin)?.leader)
                return leaders == (3, 2)
            }
            let needless = await admin.electLeaders(.preferred, of: [other])
            #expect(try needless[other]?.get() == .notNeeded)
            guard installation.version >= KafkaVersion(4, 1) else { return }
            let refused = await admin.alterPartitionReassignments(
                [other: .replicas([2])], allowReplicationFactorChange: false)
            let fixed = #expect(throws: KafkaError.self) { try refused[other]?.get() }
            #expect(fixed?.brokerCode == .invalidReplicationFactor)
        }

        private func electUncleanly(_ cluster: RealCluster, _ admin: KafkaAdminClient) async throws {
            let risky = TopicPartition("risky", 0)
            try await admin.createTopics([
                NewTopic("risky", assignments: [[2, 3]], configs: ["min.insync.replicas": "1"])
            ]).allSucceeded()
            try await cluster.untilInSync("risky", partitions: 1, copies: 2)
            await cluster.kill(3)
            try await eventually("only broker 2 is in sync") {
                try await self.partition(risky, admin)?.inSyncReplicas == [2]
            }
            await cluster.kill(2)
            try await cluster.restart(3)
            try await eventually("the partition has no leader") {
                let now = try await self.partition(risky, admin)
                return now != nil && now?.leader == nil
            }
            let preferred = await admin.electLeaders(.preferred, of: [risky])
            let error = #expect(throws: KafkaError.self) { try preferred[risky]?.get() }
            #expect(error?.brokerCode == .preferredLeaderNotAvailable)
            let unclean = await admin.electLeaders(.unclean, of: [risky])
            #expect(try unclean[risky]?.get() == .elected)
            try await eventually("broker 3 leads") { try await self.partition(risky, admin)?.leader == 3 }
            let needless = await admin.electLeaders(.unclean, of: [risky])
            #expect(try needless[risky]?.get() == .notNeeded)
            try await cluster.restart(2)
        }

        private func unregister(
            _ cluster: RealCluster, _ installation: KafkaInstallation, _ admin: KafkaAdminClient
        ) async throws {
            await cluster.kill(3)
            try await admin.unregisterBroker(3)
            let gone = await #expect(throws: KafkaError.self) { try await admin.unregisterBroker(3) }
            #expect(gone?.brokerCode == .brokerIdNotRegistered)
            try await eventually("broker 3 is forgotten") {
                let fenced = installation.version >= KafkaVersion(4, 0)
                let known = try await admin.describeCluster(includeFencedBrokers: fenced)
                return (known.brokers + (known.fencedBrokers ?? [])).map(\.id) == [1, 2]
            }
        }
    }
}
