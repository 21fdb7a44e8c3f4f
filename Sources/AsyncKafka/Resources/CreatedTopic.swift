// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The result of creating a topic, or of validating its creation.
public struct CreatedTopic: Hashable, Sendable {
    /// The topic's name.
    public var name: String
    /// Whether the call has created the topic, or would have if it had not only validated. False for a topic that existed
    /// before; only its name is known then.
    public var isNew: Bool
    /// The topic's id. Nil with brokers below Kafka 2.8, and if the creation was only validated.
    public var id: KafkaUUID?
    /// The number of partitions. Nil with brokers below Kafka 2.4, or without the right to describe the topic's configuration.
    public var partitionCount: Int?
    /// The number of replicas of each partition. Nil as ``CreatedTopic/partitionCount``.
    public var replicationFactor: Int?
    /// All settings of the topic. Nil as ``CreatedTopic/partitionCount``.
    public var config: ResourceConfig?
}

extension CreatedTopic: CustomStringConvertible {
    /// The name and what is known, such as `orders (new, 3 partitions, replication factor 2)`.
    public var description: String {
        var parts = [self.isNew ? "new" : "existed"]
        if let partitionCount { parts.append(counted(partitionCount, "partition")) }
        if let replicationFactor { parts.append("replication factor \(replicationFactor)") }
        if let id { parts.append("id \(id)") }
        return "\(self.name) (\(parts.joined(separator: ", ")))".printable
    }
}
