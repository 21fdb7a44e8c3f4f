// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension ConsumerRecordBatch {
    /// Creates a batch as a consumer would read it after these records were stored together. For tests of code that
    /// processes batches.
    ///
    /// - Parameters:
    ///   - records: the records. All are read from the first one's topic. Their own partitions are ignored, and records
    ///     without a timestamp have none.
    ///   - partition: the partition of the batch.
    ///   - startOffset: the offset of the first record.
    ///   - leaderEpoch: the epoch of the leader of the batch.
    /// - Throws: `.invalidArgument` if there are no records or an offset is out of range, `.recordTooLarge` if the
    ///   records exceed 2 GiB.
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
    /// Creates a record as a consumer would read it after it was stored. For tests of code that processes records.
    ///
    /// - Parameters:
    ///   - record: the record. Its own partition is ignored, and without a timestamp it has none.
    ///   - partition: the partition of the record.
    ///   - offset: the offset of the record.
    ///   - leaderEpoch: the epoch of the leader of the record.
    /// - Throws: `.invalidArgument` if the offset is out of range, `.recordTooLarge` if the record exceeds 2 GiB.
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
