// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The APIs that the embedded brokers support.
enum Endpoints {
    static let all: [APIKey: any Endpoint.Type] = {
        let endpoints: [any Endpoint.Type] = [
            AddOffsetsToTxnEndpoint.self, AddPartitionsToTxnEndpoint.self, AlterClientQuotasEndpoint.self,
            AlterConfigsEndpoint.self, AlterPartitionReassignmentsEndpoint.self, AlterReplicaLogDirsEndpoint.self,
            AlterUserScramCredentialsEndpoint.self, APIVersionsEndpoint.self, ConsumerGroupDescribeEndpoint.self,
            ConsumerGroupHeartbeatEndpoint.self, CreateAclsEndpoint.self,
            CreateDelegationTokenEndpoint.self, CreatePartitionsEndpoint.self, CreateTopicsEndpoint.self,
            DeleteAclsEndpoint.self, DeleteGroupsEndpoint.self, DeleteRecordsEndpoint.self, DeleteTopicsEndpoint.self,
            DescribeAclsEndpoint.self, DescribeClientQuotasEndpoint.self, DescribeClusterEndpoint.self,
            DescribeConfigsEndpoint.self, DescribeDelegationTokenEndpoint.self, DescribeGroupsEndpoint.self,
            DescribeLogDirsEndpoint.self, DescribeProducersEndpoint.self, DescribeTopicPartitionsEndpoint.self,
            DescribeTransactionsEndpoint.self, DescribeUserScramCredentialsEndpoint.self, ElectLeadersEndpoint.self,
            EndTxnEndpoint.self, ExpireDelegationTokenEndpoint.self, FetchEndpoint.self, FindCoordinatorEndpoint.self,
            GetTelemetrySubscriptionsEndpoint.self, HeartbeatEndpoint.self, IncrementalAlterConfigsEndpoint.self,
            InitProducerIDEndpoint.self,
            JoinGroupEndpoint.self, LeaveGroupEndpoint.self, ListConfigResourcesEndpoint.self, ListGroupsEndpoint.self,
            ListOffsetsEndpoint.self, ListPartitionReassignmentsEndpoint.self, ListTransactionsEndpoint.self,
            MetadataEndpoint.self, OffsetCommitEndpoint.self, OffsetDeleteEndpoint.self, OffsetFetchEndpoint.self,
            OffsetForLeaderEpochEndpoint.self, ProduceEndpoint.self, PushTelemetryEndpoint.self,
            RenewDelegationTokenEndpoint.self,
            SaslAuthenticateEndpoint.self, SaslHandshakeEndpoint.self, SyncGroupEndpoint.self,
            TxnOffsetCommitEndpoint.self, WriteTxnMarkersEndpoint.self,
        ]
        return Dictionary(uniqueKeysWithValues: endpoints.map { ($0.apiKey, $0) })
    }()

    /// Returns the versions of an API that a cluster offers, or nil if it doesn't offer the API.
    static func versions(
        of endpoint: any Endpoint.Type, in configuration: EmbeddedKafka.Configuration
    ) -> ClosedRange<Int16>? {
        let api = EmbeddedKafka.API(endpoint.apiKey)
        guard !configuration.withheldAPIs.contains(api) else { return nil }
        // As in Kafka, a broker that has nobody to give metrics to doesn't offer to take them.
        let takesMetrics = configuration.metricsSubscription != nil
        guard takesMetrics || (api != .getTelemetrySubscriptions && api != .pushTelemetry) else { return nil }
        let known = endpoint.versions
        let highest = min(configuration.maxVersions[api] ?? .max, known.upperBound)
        return highest >= known.lowerBound ? known.lowerBound...highest : nil
    }
}

extension Endpoint {
    static var apiKey: APIKey { Request.apiKey }
    /// The supported versions, without unstable ones.
    static var versions: ClosedRange<Int16> {
        Request.validVersions.lowerBound...Request.latestStableVersion
    }
    static func headerVersion(_ version: Int16) -> Int16 { Request.requestHeaderVersion(version) }
}
