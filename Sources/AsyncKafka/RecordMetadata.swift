// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Where an acknowledged record was stored.
public struct RecordMetadata: Hashable, Sendable {
    /// The partition it was written to.
    public var topicPartition: TopicPartition
    /// Its offset in the partition; nil if the broker didn't say (`acks` 0, or a repeated write that it had already).
    public var offset: Int64?
    /// The record's time: the producer's, or the broker's on topics with `message.timestamp.type=LogAppendTime`.
    public var timestamp: Timestamp

    /// Where a record was stored.
    public init(topicPartition: TopicPartition, offset: Int64?, timestamp: Timestamp) {
        self.topicPartition = topicPartition
        self.offset = offset
        self.timestamp = timestamp
    }

    /// The topic it was written to.
    public var topic: String { self.topicPartition.topic }
    /// The number of the partition it was written to.
    public var partition: Int32 { self.topicPartition.partition }
}
