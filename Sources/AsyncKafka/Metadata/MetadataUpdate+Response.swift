// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension MetadataUpdate {
    /// Creates the update from a Metadata response of any version.
    init(_ response: MetadataResponse) {
        self.clusterID = response.clusterId
        self.controllerID = response.controllerId >= 0 ? response.controllerId : nil
        self.brokers = response.brokers.map { broker in
            Broker(id: broker.nodeId, host: broker.host, port: Int(broker.port), rack: broker.rack)
        }
        self.topics = response.topics.compactMap { topic in
            guard let name = topic.name, !name.isEmpty else { return nil }
            let indexes = 0..<topic.partitions.count + Self.largestGap
            return TopicMetadata(
                name: name, id: topic.topicId, error: topic.errorCode, isInternal: topic.isInternal,
                partitions: topic.partitions.filter { indexes.contains(Int($0.partitionIndex)) }
                    .map(PartitionMetadata.init).sorted { $0.index < $1.index })
        }
    }

    /// Partitions are numbered from 0, but brokers with ZooKeeper omit those that never had a leader. A partition
    /// number that exceeds the number of partitions by this much isn't trusted, since a producer keeps state for every
    /// partition up to the highest.
    private static let largestGap = 1000
}

extension PartitionMetadata {
    fileprivate init(_ partition: MetadataResponse.MetadataResponsePartition) {
        self.init(
            index: partition.partitionIndex,
            leader: partition.leaderId >= 0 ? partition.leaderId : nil,
            leaderEpoch: partition.leaderEpoch >= 0 ? partition.leaderEpoch : nil,
            replicas: partition.replicaNodes, inSyncReplicas: partition.isrNodes,
            offlineReplicas: partition.offlineReplicas, error: partition.errorCode)
    }
}
