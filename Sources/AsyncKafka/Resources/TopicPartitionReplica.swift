// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A partition's replica on one broker.
public struct TopicPartitionReplica: Hashable, Sendable {
    /// The partition.
    public var partition: TopicPartition
    /// The broker's id.
    public var broker: Int32

    /// Creates the replica of a partition on a broker.
    public init(_ partition: TopicPartition, broker: Int32) {
        self.partition = partition
        self.broker = broker
    }
}

extension TopicPartitionReplica: CustomStringConvertible {
    /// The replica, such as `orders-0 on broker 1`.
    public var description: String { "\(self.partition) on broker \(self.broker)" }
}
