// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// The description of the cluster, on the embedded broker.
@Suite(.timeLimit(.minutes(1))) struct ClusterDescriptionTests {
    private let clock = TestClock()

    @Test(arguments: [true, false])
    func theClusterIsDescribed(brokerHasDescribeCluster: Bool) async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 3)
        configuration.racks = ["a", "b", "c"]
        if !brokerHasDescribeCluster { configuration.withheldAPIs = [.describeCluster] }
        try await self.clock.withAdminClient(configuration) { kafka, admin in
            try await kafka.stopBroker(1)
            kafka.rewrite(DescribeClusterRequest.self, times: nil) { request, _, response in
                if request.includeClusterAuthorizedOperations { response.clusterAuthorizedOperations = 1 << 5 }
            }
            kafka.rewrite(MetadataRequest.self, times: nil) { request, _, response in
                if request.includeClusterAuthorizedOperations { response.clusterAuthorizedOperations = 1 << 5 }
            }
            let cluster = try await admin.describeCluster(includeAuthorizedOperations: true)
            let id = try #require(cluster.id)
            let servers = kafka.bootstrapServers
            #expect(
                "\(cluster)" == """
                    cluster \(id): 2 brokers
                      \(servers[1]) (id 2), rack b, controller
                      \(servers[2]) (id 3), rack c
                    """)
            #expect(cluster.authorizedOperations == [.create])
            #expect(cluster.fencedBrokers == nil)
            #expect(try await admin.describeCluster().authorizedOperations == nil)
        }
    }

    @Test func fencedBrokersAreToldApart() async throws {
        try await self.clock.withAdminClient(EmbeddedKafka.Configuration(brokers: 2)) { kafka, admin in
            kafka.rewrite(DescribeClusterRequest.self, times: nil) { request, _, response in
                if request.includeFencedBrokers { response.brokers[1].isFenced = true }
            }
            let cluster = try await admin.describeCluster(includeFencedBrokers: true)
            #expect(cluster.brokers.map(\.id) == [1])
            #expect(cluster.fencedBrokers?.map(\.id) == [2])
            #expect("\(cluster)".hasSuffix("(id 2), fenced"))
        }
    }

    @Test(arguments: [true, false])
    func anOldBrokerDoesNotListFencedBrokers(brokerHasDescribeCluster: Bool) async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 1)
        configuration.maxVersions = [.describeCluster: 1]
        if !brokerHasDescribeCluster { configuration.withheldAPIs = [.describeCluster] }
        try await self.clock.withAdminClient(configuration) { kafka, admin in
            let error = await #expect(throws: KafkaError.self) {
                try await admin.describeCluster(includeFencedBrokers: true)
            }
            #expect(error?.code == .unsupportedVersion)
            #expect(error?.message.contains("Kafka 4.0") == true)
        }
    }
}
