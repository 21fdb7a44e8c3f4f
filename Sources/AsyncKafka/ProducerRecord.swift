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
    /// The key. The default partitioner sends records with equal keys to the same partition. Nil means no key.
    public var key: Bytes?
    /// The value. Nil is a tombstone, which deletes the key on a compacted topic.
    public var value: Bytes?
    /// The headers, in order. Names may repeat.
    public var headers: [RecordHeader]
    /// The record's timestamp. Nil (the default) means the current time. -1 ms means no timestamp; records that were
    /// stored without one report it when they are read.
    public var timestamp: Timestamp?

    /// Creates a record from bytes. String and array literals work as well.
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

    /// Creates a record whose key and value are strings (encoded as UTF-8), bytes, or a mixture.
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
