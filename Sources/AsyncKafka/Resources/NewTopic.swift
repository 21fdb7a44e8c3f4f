// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A topic to be created by ``KafkaAdminClient/createTopics(_:ifExists:validateOnly:timeout:)``.
public struct NewTopic: Hashable, Sendable {
    /// The topic's name: letters, digits, `.`, `_` and `-`, at most 249.
    public var name: String
    /// The number of partitions. Nil for the broker's `num.partitions`, which requires Kafka 2.4 (KIP-464).
    public var partitionCount: Int?
    /// The number of replicas of each partition. Nil for the broker's `default.replication.factor`, which requires
    /// Kafka 2.4 (KIP-464).
    public var replicationFactor: Int?
    /// The brokers with the replicas of each partition, in the order of the partitions and with the preferred leader first.
    /// Nil if the broker chooses. If this is set, ``NewTopic/partitionCount`` and ``NewTopic/replicationFactor`` must be nil.
    public var assignments: [[Int32]]?
    /// The topic's settings by Kafka's names, such as `retention.ms`. The others have the broker's defaults.
    public var configs: [String: String]

    /// Creates a topic whose replicas the broker places.
    public init(
        _ name: String, partitionCount: Int? = nil, replicationFactor: Int? = nil, configs: [String: String] = [:]
    ) {
        self.name = name
        self.partitionCount = partitionCount
        self.replicationFactor = replicationFactor
        self.configs = configs
    }

    /// Creates a topic whose replicas are on the given brokers.
    public init(_ name: String, assignments: [[Int32]], configs: [String: String] = [:]) {
        self.name = name
        self.assignments = assignments
        self.configs = configs
    }
}

extension NewTopic: CustomStringConvertible {
    /// The name and what is set, such as `orders (3 partitions, retention.ms=60000)`.
    public var description: String {
        var parts: [String] = []
        if let assignments { parts.append("assignments \(assignments)") }
        if let partitionCount { parts.append(counted(partitionCount, "partition")) }
        if let replicationFactor { parts.append("replication factor \(replicationFactor)") }
        parts += self.configs.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.hiddenIfSecret($0.key))" }
        return (parts.isEmpty ? self.name : "\(self.name) (\(parts.joined(separator: ", ")))").printable
    }
}
