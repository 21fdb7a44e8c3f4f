// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Synchronization

/// The progress of a reader of single records in its batch. It is read and written without a lock, once per record.
final class ReadingProgress: Sendable {
    /// The offset of the record in hand. Before the first record, the offset before it.
    let current: Atomic<Int64>
    /// Whether the records are collected into an array (`poll`). The reader has processed none of them until it asks
    /// again.
    let isCollected: Bool
    /// Whether the record in hand is the last of the batch. Offsets after it in the batch contain nothing to read.
    let isAtEnd = Atomic<Bool>(false)
    /// Whether the reader has to query the consumer before it continues in the batch.
    let isInterrupted = Atomic<Bool>(false)

    init(current: Int64, isCollected: Bool) {
        self.current = Atomic(current)
        self.isCollected = isCollected
    }

    /// Makes the reader query the consumer before its next record.
    func interrupt() {
        self.isInterrupted.store(true, ordering: .relaxed)
    }
}

/// The batch that the reader is processing.
struct BatchInHand: Sendable {
    let partition: TopicPartition
    let fetched: FetchedBatch
    /// The position before the first delivered record of the batch.
    let start: FetchPosition
    /// The progress of a reader of single records; nil for a reader of batches, which gets the whole batch at once.
    let progress: ReadingProgress?
    /// The batch's storage, which notes records that the reader couldn't parse.
    let storage: RecordBatchStorage

    var batch: RecordBatch { self.fetched.batch }

    /// The position after the delivered records.
    var handedOut: FetchPosition {
        guard let progress = self.progress, !progress.isAtEnd.load(ordering: .relaxed) else { return self.end }
        return self.position(behind: progress.current.load(ordering: .relaxed))
    }

    /// The position after the processed records; nil if no record of this batch has been processed.
    var askedPast: FetchPosition? {
        guard let progress = self.progress, !progress.isCollected else { return nil }
        let current = progress.current.load(ordering: .relaxed)
        guard current >= self.start.offset else { return nil }
        return self.position(behind: current - 1)
    }

    /// Whether some records of the batch haven't been delivered.
    var isUnfinished: Bool { self.handedOut.offset < self.batch.nextOffset }

    private var end: FetchPosition {
        guard let failure = self.storage.failureOffset else { return self.position(behind: self.batch.lastOffset) }
        return self.position(behind: failure - 1)
    }

    private func position(behind offset: Int64) -> FetchPosition {
        guard offset >= self.start.offset else { return self.start }
        let epoch = self.batch.partitionLeaderEpoch
        return FetchPosition(offset: offset + 1, epoch: epoch < 0 ? nil : epoch)
    }
}

/// What a reader has received.
struct ReceivedRecords: Hashable, Sendable {
    var records = 0
    /// The batches of which it has received the last record, and their bytes.
    var batches = 0
    var bytes = 0

    /// Adds what the reader has received of a batch since the batch was handed to it.
    mutating func add(_ inHand: BatchInHand) {
        self.records += inHand.receivedCount
        guard !inHand.isUnfinished else { return }
        self.batches += 1
        self.bytes += inHand.batch.bytes.count
    }
}

extension BatchInHand {
    /// The number of records that the reader has received.
    fileprivate var receivedCount: Int {
        guard self.isUnfinished else { return self.storage.count }
        let next = self.handedOut.offset
        // On topics that aren't compacted, each offset has a record.
        if Int64(self.storage.count) == self.storage.lastOffset - self.storage.start + 1 {
            return Int(max(next - self.storage.start, 0))
        }
        var count = 0
        var records = self.storage.records.makeIterator()
        while let record = try? records.next(), record.offset < next {
            if record.offset >= self.storage.start { count += 1 }
        }
        return count
    }
}
