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
    /// The description of the cluster, compared with Kafka's own tool.
    @Suite(.timeLimit(.minutes(3)))
    struct AdminCluster {
        private static let tool = "org.apache.kafka.tools.ClusterTool"

        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: TestEnvironment.all)
        func theClusterIsDescribedAsKafkasToolSeesIt(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                let description = try await admin.describeCluster(includeAuthorizedOperations: true)
                let id = try await KafkaTool.run(Self.tool, ["cluster-id", "--bootstrap-server", cluster.bootstrap])
                #expect(id == ["Cluster ID: \(try #require(description.id))"])
                let brokers = try await KafkaTool.run(
                    Self.tool, ["list-endpoints", "--bootstrap-server", cluster.bootstrap])
                // ID, HOST, PORT, RACK, STATE, ENDPOINT_TYPE
                let told = brokers.dropFirst().map { $0.split(separator: " ").prefix(4).map(String.init) }
                let ours = description.brokers.map { broker in
                    [broker.id.map { "\($0)" } ?? "", broker.host, "\(broker.port)", broker.rack ?? "null"]
                }
                #expect(told == ours)
                #expect(description.brokers.contains { $0.id == description.controller })
                // Without an authorizer, everyone may do everything.
                if environment.isAtLeast(2, 3) {
                    #expect(description.authorizedOperations?.isSuperset(of: [.create, .alter, .describe]) == true)
                } else {
                    #expect(description.authorizedOperations == nil)
                }

                if environment.isAtLeast(4, 0) {
                    let all = try await admin.describeCluster(includeFencedBrokers: true)
                    #expect(all.brokers == description.brokers && all.fencedBrokers == [])
                } else {
                    let error = await #expect(throws: KafkaError.self) {
                        try await admin.describeCluster(includeFencedBrokers: true)
                    }
                    #expect(error?.code == .unsupportedVersion)
                    #expect(error?.message.contains("Kafka 4.0") == true)
                }
            }
        }
    }
}
