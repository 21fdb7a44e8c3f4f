// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A batch of consecutive records of one partition, as they were stored together.
///
/// The batch is a sequence that can be iterated repeatedly and decodes the records during iteration. Its bytes are
/// slices of the broker's answer, which stays in memory while the batch or a record of it is kept.
public struct ConsumerRecordBatch: Sendable {
    let storage: RecordBatchStorage

    /// The topic and partition of the batch.
    public var topicPartition: TopicPartition { self.storage.topicPartition }
    /// The topic.
    public var topic: String { self.storage.topicPartition.topic }
    /// The number of the partition.
    public var partition: Int32 { self.storage.topicPartition.partition }
    /// The number of records, at least one.
    public var count: Int { self.storage.count }
    /// The range of offsets that the batch covers. On compacted topics, some of them have no record.
    public var offsets: ClosedRange<Int64> {
        self.storage.start...Swift.max(self.storage.start, self.storage.lastOffset)
    }
    /// The offset to commit when the whole batch has been processed. If iteration has reached a record that can't be
    /// parsed, this is that record's offset, and asking for the next batch throws an error.
    public var nextOffset: OffsetAndMetadata {
        OffsetAndMetadata(
            offset: self.storage.failureOffset ?? self.storage.lastOffset + 1, leaderEpoch: self.storage.leaderEpoch)
    }
}

extension ConsumerRecordBatch: Sequence {
    /// An iterator over the records of a batch.
    public struct Iterator: IteratorProtocol {
        let storage: RecordBatchStorage
        private var records: RecordIterator
        private let start: Int64
        private var last: Int64?
        private var left: Int

        init(_ storage: RecordBatchStorage) {
            self.storage = storage
            self.records = storage.records.makeIterator()
            self.start = storage.start
            self.left = storage.count
        }

        /// Whether the last record has been returned.
        var isAtEnd: Bool { self.left == 0 }

        /// Returns the next record, or nil after the last one or before a record that can't be parsed.
        public mutating func next() -> ConsumerRecord? {
            do throws(RecordBatchError) {
                while let view = try self.records.next() {
                    guard view.offset >= self.start else { continue }
                    self.last = view.offset
                    self.left -= 1
                    return ConsumerRecord(storage: self.storage, view: view)
                }
            } catch {
                self.storage.failed(behind: self.last)
            }
            return nil
        }
    }

    /// Returns an iterator that starts at the first record.
    public func makeIterator() -> Iterator { Iterator(self.storage) }

    /// The number of records.
    public var underestimatedCount: Int { self.storage.count }
}
