// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A record read from a topic.
///
/// Key, value and header values are slices of the broker's answer: keeping one of them keeps the whole answer in
/// memory. Use `Bytes.detached()` to copy what you keep for long.
public struct ConsumerRecord: Sendable {
    let storage: RecordBatchStorage
    let view: RecordView

    init(storage: RecordBatchStorage, view: RecordView) {
        self.storage = storage
        self.view = view
    }

    /// The topic and partition that the record was read from.
    public var topicPartition: TopicPartition { self.storage.topicPartition }
    /// The topic.
    public var topic: String { self.storage.topicPartition.topic }
    /// The number of the partition.
    public var partition: Int32 { self.storage.topicPartition.partition }
    /// The offset of the record in its partition.
    public var offset: Int64 { self.view.offset }
    /// The timestamp, which ``ConsumerRecord/timestampType`` explains. -1 ms if the record was stored without one.
    public var timestamp: Timestamp { Timestamp(millisecondsSince1970: self.view.timestamp) }
    /// Whether the producer or the broker set the timestamp.
    public var timestampType: TimestampType { self.storage.timestampType }
    /// The epoch of the leader that stored the record, if known.
    public var leaderEpoch: Int32? { self.storage.leaderEpoch }

    /// The key; nil if the record has none.
    public var key: Bytes? { self.storage.records.key(of: self.view) }
    /// The value; nil for a tombstone.
    public var value: Bytes? { self.storage.records.value(of: self.view) }
    /// The headers in order. Names may repeat. Each access decodes them again.
    public var headers: [RecordHeader] { self.storage.records.headers(of: self.view) }

    /// The size of the record in the log, in bytes, before compression.
    public var byteCount: Int { Int(self.view.byteCount) }
}

extension ConsumerRecord: CustomStringConvertible {
    /// The partition, offset, key and value.
    public var description: String {
        "\(self.topicPartition)@\(self.offset) \(self.key?.description ?? "nil"): \(self.value?.description ?? "nil")"
    }
}
