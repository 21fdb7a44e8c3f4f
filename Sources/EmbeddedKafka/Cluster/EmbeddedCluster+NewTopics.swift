// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The checks before a topic is created.
extension EmbeddedCluster {
    func checkNewName(_ name: String) throws(BrokerError) {
        if let problem = Topic.problem(withName: name) { throw BrokerError(.invalidTopicException, problem) }
        guard self.topic(name) == nil else {
            throw BrokerError(.topicAlreadyExists, "Topic '\(name)' exists already.")
        }
    }

    /// Returns the replicas of each partition of a new topic, using the cluster's defaults for numbers that are nil.
    func checkedAssignments(
        name: String, partitions: Int?, replicationFactor: Int?
    ) throws(BrokerError) -> [[Int32]] {
        try self.checkNewName(name)
        let partitions = partitions ?? self.configuration.defaultPartitions
        let replicas = replicationFactor ?? self.configuration.defaultReplicationFactor
        guard (1...Self.maximumPartitions).contains(partitions) else {
            throw BrokerError(
                .invalidPartitions,
                "A topic must have between 1 and \(Self.maximumPartitions) partitions, not \(partitions).")
        }
        guard (1...max(self.liveBrokers.count, 1)).contains(replicas) else {
            throw BrokerError(
                .invalidReplicationFactor,
                "\(replicas) replicas were asked for, and \(self.liveBrokers.count) brokers are running.")
        }
        return self.assignments(partitions: 0..<partitions, replicationFactor: replicas)
    }

    /// The maximum number of partitions of a topic. A larger number is a mistake and could use up all memory.
    static let maximumPartitions = 100_000
}
