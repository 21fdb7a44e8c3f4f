// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension APIKey {
    /// The Kafka release in which brokers learned this API, if they did after Kafka 2.1.
    private var firstRelease: String? {
        switch self {
        case .electLeaders: "2.2"
        case .incrementalAlterConfigs: "2.3"
        case .alterPartitionReassignments, .listPartitionReassignments, .offsetDelete: "2.4"
        case .describeClientQuotas, .alterClientQuotas: "2.6"
        case .describeUserScramCredentials, .alterUserScramCredentials, .updateFeatures: "2.7"
        case .describeCluster, .describeProducers, .unregisterBroker: "2.8"
        case .describeTransactions, .listTransactions: "3.0"
        case .describeQuorum: "3.3, with KRaft"
        case .listConfigResources, .getTelemetrySubscriptions, .pushTelemetry: "3.7, with KRaft"
        case .describeTopicPartitions: "3.8, with KRaft"
        case .addRaftVoter, .removeRaftVoter: "3.9, with KRaft"
        case .consumerGroupHeartbeat, .consumerGroupDescribe: "4.0"
        case .streamsGroupHeartbeat, .streamsGroupDescribe: "4.2"
        case .shareGroupHeartbeat, .shareGroupDescribe, .describeShareGroupOffsets, .alterShareGroupOffsets,
            .deleteShareGroupOffsets:
            "4.2"
        default: nil
        }
    }

    /// Why a broker doesn't have this API: a sentence for an error.
    var absence: String {
        if let firstRelease { return "it came with Kafka \(firstRelease), and the broker is older." }
        return "it is too old, or not meant for clients. AsyncKafka needs Kafka 2.1 or later."
    }
}
