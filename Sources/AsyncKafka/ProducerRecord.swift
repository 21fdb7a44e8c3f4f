// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A record to be written to a topic.
public struct ProducerRecord: Hashable, Sendable {
    /// The topic to write to.
    public var topic: String
    /// The partition to write to; nil (the default) lets the producer's partitioner choose.
    public var partition: Int32?
    /// The key: records with equal keys go to the same partition. Nil if there is none.
    public var key: Bytes?
    /// The value. Nil is a tombstone: on a compacted topic it deletes the key.
    public var value: Bytes?
    /// Headers, in order; names may repeat.
    public var headers: [RecordHeader]
    /// The record's time; nil (the default) means now. -1 ms, which a record that was stored without a time reports when it is
    /// read, means that it has none.
    public var timestamp: Timestamp?

    /// A record from bytes; string and array literals work as well.
    public init(
        topic: String, partition: Int32? = nil, key: Bytes? = nil, value: Bytes?, headers: [RecordHeader] = [],
        timestamp: Timestamp? = nil
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }

    /// A record from strings, as UTF-8, from bytes, or from both.
    @_disfavoredOverload
    public init(
        topic: String, partition: Int32? = nil, key: (any BytesConvertible)? = nil, value: (any BytesConvertible)?,
        headers: [RecordHeader] = [], timestamp: Timestamp? = nil
    ) {
        self.init(
            topic: topic, partition: partition, key: key?.kafkaBytes, value: value?.kafkaBytes, headers: headers,
            timestamp: timestamp)
    }
}
