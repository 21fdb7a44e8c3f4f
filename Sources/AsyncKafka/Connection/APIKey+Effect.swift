// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension APIKey {
    /// Whether a request of this API may change something. If it only reads, its outcome is never unknown. APIs that
    /// aren't listed count as changes.
    var hasEffect: Bool {
        switch self {
        case .apiVersions, .saslHandshake, .saslAuthenticate, .metadata, .findCoordinator, .fetch, .listOffsets,
            .offsetFetch, .offsetForLeaderEpoch, .describeGroups, .listGroups, .consumerGroupDescribe,
            .shareGroupDescribe, .streamsGroupDescribe, .describeShareGroupOffsets, .describeConfigs,
            .listConfigResources, .describeCluster, .describeQuorum, .describeTopicPartitions, .describeLogDirs,
            .listPartitionReassignments, .describeProducers, .describeTransactions, .listTransactions, .describeAcls,
            .describeClientQuotas, .describeUserScramCredentials, .describeDelegationToken, .getTelemetrySubscriptions:
            false
        default: true
        }
    }
}
