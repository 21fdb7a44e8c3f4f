// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension ConsumerRecordBatch {
    /// A batch as it is read once these records have been stored one after the other: for tests of code that takes batches.
    ///
    /// - Parameters:
    ///   - records: the records; their topic is that of the first. Their own partitions are not looked at, and those without a
    ///     timestamp have none.
    ///   - partition: the partition that they seem to be in.
    ///   - startOffset: the first one's offset.
    ///   - leaderEpoch: the epoch of the leader that seems to have stored them.
    /// - Throws: `.invalidArgument` if there are none, `.recordTooLarge` if they are more than 2 GiB.
    public init(
        storing records: [ProducerRecord], partition: Int32 = 0, startOffset: Int64 = 0, leaderEpoch: Int32? = nil
    ) throws(KafkaError) {
        guard let topic = records.first?.topic else {
            throw KafkaError(.invalidArgument, "A batch has at least one record.")
        }
        guard startOffset >= 0, startOffset <= .max - Int64(records.count) else {
            throw KafkaError(.invalidArgument, "Offsets are not negative, and end before 2^63: \(startOffset).")
        }
        var builder = RecordBatchBuilder()
        do {
            for record in records {
                let isAppended = try builder.append(
                    key: record.key, value: record.value, headers: record.headers,
                    timestamp: record.timestamp?.millisecondsSince1970 ?? -1, limit: Int(Int32.max))
                if !isAppended { throw RecordBatchError(.recordTooLarge(builder.byteCount)) }
            }
            self.storage = try RecordBatchStorage(
                builder, in: TopicPartition(topic, partition), startOffset: startOffset, leaderEpoch: leaderEpoch)
        } catch {
            throw KafkaError(
                .recordTooLarge, "The records are too large for a batch: \(error)", topic: topic, partition: partition,
                underlyingError: error)
        }
    }
}

extension ConsumerRecord {
    /// A record as it is read once this one has been stored: for tests of code that takes records.
    ///
    /// - Parameters:
    ///   - record: the record. Its own partition is not looked at, and without a timestamp it has none.
    ///   - partition: the partition that it seems to be in.
    ///   - offset: its place there.
    ///   - leaderEpoch: the epoch of the leader that seems to have stored it.
    /// - Throws: `.recordTooLarge` if it is more than 2 GiB.
    public init(
        storing record: ProducerRecord, partition: Int32 = 0, offset: Int64 = 0, leaderEpoch: Int32? = nil
    ) throws(KafkaError) {
        let batch = try ConsumerRecordBatch(
            storing: [record], partition: partition, startOffset: offset, leaderEpoch: leaderEpoch)
        var records = batch.makeIterator()
        guard let stored = records.next() else {
            throw KafkaError(.invalidArgument, "The record can't be read.", topic: record.topic, partition: partition)
        }
        self = stored
    }
}
