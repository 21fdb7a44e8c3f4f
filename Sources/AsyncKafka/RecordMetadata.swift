// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Where an acknowledged record is stored.
public struct RecordMetadata: Hashable, Sendable {
    /// The partition that the record was written to.
    public var topicPartition: TopicPartition
    /// The record's offset in the partition. Nil if the broker didn't return it: with `acks` 0, or for a duplicate that
    /// the broker already had.
    public var offset: Int64?
    /// The record's timestamp: the producer's, or the broker's on topics with `message.timestamp.type=LogAppendTime`.
    public var timestamp: Timestamp

    /// Creates the metadata of a stored record.
    public init(topicPartition: TopicPartition, offset: Int64?, timestamp: Timestamp) {
        self.topicPartition = topicPartition
        self.offset = offset
        self.timestamp = timestamp
    }

    /// The topic that the record was written to.
    public var topic: String { self.topicPartition.topic }
    /// The number of the partition that the record was written to.
    public var partition: Int32 { self.topicPartition.partition }
}
