// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Synchronization

/// The data that a batch and its records share. Immutable except for the offset of a record that can't be parsed.
final class RecordBatchStorage: Sendable {
    let records: RecordSequence
    let topicPartition: TopicPartition
    /// The id of the batch's topic; `.zero` if unknown.
    let topicID: KafkaUUID
    let timestampType: TimestampType
    let leaderEpoch: Int32?
    /// The first offset to deliver. The batch may begin before it.
    let start: Int64
    let lastOffset: Int64
    /// The number of records to deliver.
    let count: Int
    private let failure = Atomic<Int64>(-1)

    init(
        _ batch: RecordBatch, records: RecordSequence, of partition: TopicPartition, topicID: KafkaUUID = .zero,
        from start: Int64
    ) throws(RecordBatchError) {
        self.records = records
        self.topicPartition = partition
        self.topicID = topicID
        self.timestampType = batch.timestampType
        self.leaderEpoch = batch.partitionLeaderEpoch < 0 ? nil : batch.partitionLeaderEpoch
        self.start = start
        self.lastOffset = batch.lastOffset
        var count = records.count
        if start > records.baseOffset {
            var iterator = records.makeIterator()
            while let record = try iterator.next(), record.offset < start { count -= 1 }
        }
        self.count = count
    }

    /// Creates a batch from a builder's records, as if it had been stored at an offset.
    init(
        _ builder: borrowing RecordBatchBuilder, in partition: TopicPartition, startOffset: Int64, leaderEpoch: Int32?
    ) throws(RecordBatchError) {
        self.records = try builder.records(baseOffset: startOffset)
        self.topicPartition = partition
        self.topicID = .zero
        self.timestampType = .createTime
        self.leaderEpoch = leaderEpoch
        self.start = startOffset
        self.lastOffset = startOffset + Int64(builder.count) - 1
        self.count = builder.count
    }

    /// The offset of the first record that can't be parsed, if iteration has reached it.
    var failureOffset: Int64? {
        let offset = self.failure.load(ordering: .acquiring)
        return offset < 0 ? nil : offset
    }

    /// Notes that the record after `lastGood` can't be parsed. Iteration doesn't throw; the reader receives the error
    /// when it asks for more.
    func failed(behind lastGood: Int64?) {
        self.failure.store(max(lastGood.map { $0 + 1 } ?? self.start, 0), ordering: .releasing)
    }
}
