// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Synchronization

/// What a batch of records and its records have in common. Immutable but for the note of a record that can't be read.
final class RecordBatchStorage: Sendable {
    let records: RecordSequence
    let topicPartition: TopicPartition
    /// The id of its topic; `.zero` if it wasn't known.
    let topicID: KafkaUUID
    let timestampType: TimestampType
    let leaderEpoch: Int32?
    /// The first offset that is handed out: the batch may begin before it.
    let start: Int64
    let lastOffset: Int64
    /// How many records are handed out.
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

    /// What `builder` has, as if it had been stored from an offset on.
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

    /// The offset from which records can't be read, if a reader came upon such.
    var failureOffset: Int64? {
        let offset = self.failure.load(ordering: .acquiring)
        return offset < 0 ? nil : offset
    }

    /// Notes that what follows `lastGood` can't be read. Nothing throws here: the reader hears of it when it asks for more.
    func failed(behind lastGood: Int64?) {
        self.failure.store(max(lastGood.map { $0 + 1 } ?? self.start, 0), ordering: .releasing)
    }
}
