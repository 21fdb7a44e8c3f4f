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
    /// The calls about the metadata quorum and features, compared with Kafka's own tools.
    @Suite(.timeLimit(.minutes(4)))
    struct AdminQuorum {
        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: TestEnvironment.real)
        func featuresAreDescribedAndUpdatedAsKafkasToolSeesThem(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                let features = try await admin.describeFeatures()
                guard environment.isAtLeast(2, 7) else {
                    #expect(features.finalized.isEmpty && features.supported.isEmpty && features.finalizedEpoch == nil)
                    let results = await admin.updateFeatures(["metadata.version": .upgrade(to: 1)])
                    let error = #expect(throws: KafkaError.self) { try results["metadata.version"]?.get() }
                    #expect(error?.code == .unsupportedVersion)
                    #expect(error?.message.contains("Kafka 2.7") == true)
                    return
                }
                let lines = try await KafkaTool.run(
                    "org.apache.kafka.tools.FeatureCommand", ["--bootstrap-server", cluster.bootstrap, "describe"])
                var told: [String: String] = [:]
                for line in lines {
                    let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
                    // The tool has names for the versions of metadata.version.
                    guard words.first == "Feature:", words[1] != "metadata.version" else { continue }
                    told[words[1]] = "\(words[3])...\(words[5]) \(words[7])"
                }
                var ours: [String: String] = [:]
                for (name, range) in features.supported where name != "metadata.version" {
                    ours[name] = "\(range) \(features.finalized[name] ?? 0)"
                }
                #expect(ours == told)

                let level = try #require(features.finalized["metadata.version"])
                let refused = await admin.updateFeatures([
                    "metadata.version": .upgrade(to: level - 1), "no.such.feature": .upgrade(to: 1),
                ])
                for name in ["metadata.version", "no.such.feature"] {
                    let error = #expect(throws: KafkaError.self) { try refused[name]?.get() }
                    #expect(error?.brokerCode == .invalidUpdateVersion, "\(name)")
                }
                let unsafe = await admin.updateFeatures(
                    ["metadata.version": .unsafeDowngrade(to: level - 1)], validateOnly: true)
                // Kafka refuses it where metadata would be lost, which is so between the last versions of 4.4.
                if environment.isAtLeast(4, 0) {
                    let refusal = #expect(throws: KafkaError.self) { try unsafe["metadata.version"]?.get() }
                    #expect(refusal?.brokerCode == .invalidUpdateVersion)
                    #expect(refusal?.message.contains("nsafe") == true)
                } else {
                    #expect(throws: Never.self) { try unsafe["metadata.version"]?.get() }
                }
                #expect(try await admin.describeFeatures().finalized == features.finalized)

                guard environment.isAtLeast(4, 2) else { return }
                let name = "streams.version"
                func finalized() async throws -> Int16? { try await admin.describeFeatures().finalized[name] }
                try #require(try await finalized() == 1)
                try await admin.updateFeatures([name: .downgrade(to: 0)], validateOnly: true).allSucceeded()
                let upgrade = await admin.updateFeatures([name: .upgrade(to: 0)])
                #expect(throws: KafkaError.self) { try upgrade[name]?.get() }
                #expect(try await finalized() == 1)
                try await admin.updateFeatures([name: .downgrade(to: 0)]).allSucceeded()
                try await eventually("the feature is not in effect") { try await finalized() ?? 0 == 0 }
                try await admin.updateFeatures([name: .upgrade(to: 1)]).allSucceeded()
                try await eventually("the feature is in effect") { try await finalized() == 1 }
            }
        }

        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: TestEnvironment.real)
        func withoutADynamicQuorumItsVotersAreFixed(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                guard environment.isAtLeast(3, 3) else {
                    let error = await #expect(throws: KafkaError.self) { try await admin.describeMetadataQuorum() }
                    #expect(error?.code == .unsupportedVersion)
                    #expect(error?.message.contains("Kafka 3.3, with KRaft") == true)
                    let old = await #expect(throws: KafkaError.self) { try await admin.unregisterBroker(9) }
                    #expect(old?.code == .unsupportedVersion)
                    return
                }
                let quorum = try await admin.describeMetadataQuorum()
                #expect(quorum.voters.map(\.id) == [1] && quorum.leader == 1)
                #expect(quorum.voters.first?.directoryID == nil)
                let error = await #expect(throws: KafkaError.self) {
                    try await admin.addRaftVoter(2, directoryID: KafkaUUID(high: 1, low: 2), endpoints: [])
                }
                #expect(error?.code == .unsupportedVersion || error?.brokerCode == .invalidRequest)
                let missing = await #expect(throws: KafkaError.self) { try await admin.unregisterBroker(9) }
                #expect(missing?.brokerCode == .brokerIdNotRegistered)
            }
        }

        /// The voters and observers as Kafka's tool prints them.
        private func told(_ cluster: RealCluster) async throws -> [String] {
            try await KafkaTool.run(
                "org.apache.kafka.tools.MetadataQuorumCommand",
                ["--bootstrap-server", cluster.bootstrap, "describe", "--replication"]
            ).dropFirst().map { line in
                let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
                return "\(words[0]) \(words[1]) \(words.last ?? "")"
            }.sorted()
        }

        private func lines(_ quorum: QuorumDescription) -> [String] {
            let voters = quorum.voters.map {
                "\($0.id) \($0.directoryID.map { "\($0)" } ?? "") \($0.id == quorum.leader ? "Leader" : "Follower")"
            }
            let observers = quorum.observers.map { "\($0.id) \($0.directoryID.map { "\($0)" } ?? "") Observer" }
            return (voters + observers).sorted()
        }

        @Test(
            .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"),
            arguments: RealKafka.installations.filter { $0.version >= KafkaVersion(3, 9) })
        func aVoterIsAddedAndRemovedAsKafkasToolSeesIt(installation: KafkaInstallation) async throws {
            try await RealCluster.withCluster(installation, brokers: 2, hasDynamicQuorum: true) { cluster in
                var client = KafkaClientConfiguration(bootstrapServers: cluster.bootstrapServers)
                client.log = SilentLog()
                try await KafkaAdminClient.withAdminClient(client) { admin in
                    let id = try #require(try await admin.describeCluster().id)
                    var observed: QuorumDescription?
                    try await eventually("the second controller follows") {
                        observed = try await admin.describeMetadataQuorum()
                        return observed?.observers.map(\.id) == [2] && observed?.highWatermark != nil
                    }
                    let before = try #require(observed)
                    #expect(before.voters.map(\.id) == [1] && before.leader == 1)
                    #expect(before.voters.first?.logEndOffset != nil)
                    #expect(before.observers.first?.lastFetchTime != nil)
                    #expect(
                        before.nodes.first?.endpoints == [
                            RaftVoterEndpoint(
                                listener: "CONTROLLER", host: "127.0.0.1", port: UInt16(cluster.controllerPort(of: 1)))
                        ])
                    #expect(try await self.told(cluster) == self.lines(before))

                    let directory = try #require(before.observers.first?.directoryID)
                    let endpoint = RaftVoterEndpoint(
                        listener: "CONTROLLER", host: "127.0.0.1", port: UInt16(cluster.controllerPort(of: 2)))
                    let elsewhere = await #expect(throws: KafkaError.self) {
                        try await admin.addRaftVoter(
                            2, directoryID: directory, endpoints: [endpoint], clusterID: "another")
                    }
                    #expect(elsewhere?.brokerCode == .inconsistentClusterId)
                    try await admin.addRaftVoter(2, directoryID: directory, endpoints: [endpoint], clusterID: id)
                    let after = try await admin.describeMetadataQuorum()
                    #expect(after.voters.map(\.id) == [1, 2] && after.observers.isEmpty)
                    #expect(after.nodes.map(\.id) == [1, 2])
                    #expect(try await self.told(cluster) == self.lines(after))
                    let again = await #expect(throws: KafkaError.self) {
                        try await admin.addRaftVoter(2, directoryID: directory, endpoints: [endpoint])
                    }
                    #expect(again?.brokerCode == .duplicateVoter)

                    try await admin.removeRaftVoter(2, directoryID: directory, clusterID: id)
                    try await eventually("the second controller has no vote") {
                        try await admin.describeMetadataQuorum().voters.map(\.id) == [1]
                    }
                    let missing = await #expect(throws: KafkaError.self) {
                        try await admin.removeRaftVoter(2, directoryID: directory)
                    }
                    #expect(missing?.brokerCode == .voterNotFound)
                }
            }
        }
    }
}
