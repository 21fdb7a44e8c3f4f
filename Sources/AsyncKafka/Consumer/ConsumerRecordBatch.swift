// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Records of one partition, in order, as they were stored together.
///
/// A sequence of records that are read as you go through it, as often as you like. The bytes are those of the broker's
/// answer, which stays in memory while the batch or a record of it is kept.
public struct ConsumerRecordBatch: Sendable {
    let storage: RecordBatchStorage

    /// The partition.
    public var topicPartition: TopicPartition { self.storage.topicPartition }
    /// The topic.
    public var topic: String { self.storage.topicPartition.topic }
    /// The number of the partition.
    public var partition: Int32 { self.storage.topicPartition.partition }
    /// How many records there are: at least one.
    public var count: Int { self.storage.count }
    /// The offsets that the batch covers. On compacted topics not every one of them has a record.
    public var offsets: ClosedRange<Int64> {
        self.storage.start...Swift.max(self.storage.start, self.storage.lastOffset)
    }
    /// What to commit when all of the batch is done. If going through the records has come upon one that can't be read,
    /// it is the offset of that one; asking for the next batch throws then.
    public var nextOffset: OffsetAndMetadata {
        OffsetAndMetadata(
            offset: self.storage.failureOffset ?? self.storage.lastOffset + 1, leaderEpoch: self.storage.leaderEpoch)
    }
}

extension ConsumerRecordBatch: Sequence {
    /// Goes through the records.
    public struct Iterator: IteratorProtocol {
        let storage: RecordBatchStorage
        private var records: RecordIterator
        private let start: Int64
        private var last: Int64?

        init(_ storage: RecordBatchStorage) {
            self.storage = storage
            self.records = storage.records.makeIterator()
            self.start = storage.start
        }

        /// Whether the last record has been had.
        var isAtEnd: Bool { self.records.isAtEnd }

        /// The next record.
        public mutating func next() -> ConsumerRecord? {
            do throws(RecordBatchError) {
                while let view = try self.records.next() {
                    guard view.offset >= self.start else { continue }
                    self.last = view.offset
                    return ConsumerRecord(storage: self.storage, view: view)
                }
            } catch {
                self.storage.failed(behind: self.last)
            }
            return nil
        }
    }

    /// Goes through the records from the first.
    public func makeIterator() -> Iterator { Iterator(self.storage) }

    /// How many records there are.
    public var underestimatedCount: Int { self.storage.count }
}
