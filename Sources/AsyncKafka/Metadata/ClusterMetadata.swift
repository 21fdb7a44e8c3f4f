// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The metadata of one partition.
struct PartitionMetadata: Hashable, Sendable {
    var index: Int32
    /// Nil while the partition has no leader.
    var leader: Int32?
    /// Since when it has had no leader; nil if it has one.
    var leaderlessSince: MonotonicTime?
    /// Nil with brokers that don't report it (below Metadata version 7).
    var leaderEpoch: Int32?
    var replicas: [Int32] = []
    var inSyncReplicas: [Int32] = []
    var offlineReplicas: [Int32] = []
    var error: ErrorCode = .none
    /// How many consecutive responses named an older leader epoch.
    var olderAnswers = 0
}

/// The metadata of one topic.
struct TopicMetadata: Sendable {
    var name: String
    /// `.zero` with brokers that don't have topic ids (below Metadata version 10).
    var id: KafkaUUID = .zero
    var error: ErrorCode = .none
    var isInternal = false
    /// Sorted by index.
    var partitions: [PartitionMetadata] = []

    /// The partition with this number. Partitions are numbered from 0 without gaps unless the broker's view is
    /// incomplete.
    func partition(_ index: Int32) -> PartitionMetadata? {
        if let guess = self.partitions.indices.contains(Int(index)) ? self.partitions[Int(index)] : nil,
            guess.index == index
        {
            return guess
        }
        return self.partitions.first { $0.index == index }
    }
}

/// An immutable snapshot of the cluster: its brokers, topics and leaders at one moment.
final class ClusterMetadata: Sendable {
    /// Increases with every change.
    let version: Int
    let clusterID: String?
    let controllerID: Int32?
    let brokers: [Int32: Broker]
    /// The requested topics, including those with an error.
    let topics: [String: TopicMetadata]
    private let namesByID: [KafkaUUID: String]

    init(
        version: Int, clusterID: String?, controllerID: Int32?, brokers: [Int32: Broker],
        topics: [String: TopicMetadata]
    ) {
        self.version = version
        self.clusterID = clusterID
        self.controllerID = controllerID
        self.brokers = brokers
        self.topics = topics
        var names: [KafkaUUID: String] = [:]
        for topic in topics.values where topic.id != .zero { names[topic.id] = topic.name }
        self.namesByID = names
    }

    static let empty = ClusterMetadata(version: 0, clusterID: nil, controllerID: nil, brokers: [:], topics: [:])

    func topic(id: KafkaUUID) -> TopicMetadata? {
        self.namesByID[id].flatMap { self.topics[$0] }
    }

    func partition(_ partition: TopicPartition) -> PartitionMetadata? {
        self.topics[partition.topic]?.partition(partition.partition)
    }
}
