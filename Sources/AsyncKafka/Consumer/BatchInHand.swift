// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Synchronization

/// How far the reader of single records is in its batch. Read and written without a lock, a record at a time.
final class ReadingProgress: Sendable {
    /// The offset of the record in hand; before the first, what comes before it.
    let current: Atomic<Int64>
    /// Whether the records go into an array, which the reader has as a whole: it is done with none of them before it asks again.
    let isCollected: Bool
    /// Whether the record in hand is the batch's last: what may follow in it is nothing to read.
    let isAtEnd = Atomic<Bool>(false)
    /// Whether the reader has to ask before it goes on in the batch.
    let isInterrupted = Atomic<Bool>(false)

    init(current: Int64, isCollected: Bool) {
        self.current = Atomic(current)
        self.isCollected = isCollected
    }

    /// Makes the reader ask before its next record.
    func interrupt() {
        self.isInterrupted.store(true, ordering: .relaxed)
    }
}

/// The batch that the reader works on.
struct BatchInHand: Sendable {
    let partition: TopicPartition
    let batch: RecordBatch
    /// Where the batch began to be handed out: before its first record.
    let start: FetchPosition
    /// For a reader of single records. A reader of batches has all of it at once.
    let progress: ReadingProgress?
    /// Tells of records that could not be read when the reader came to them.
    let storage: RecordBatchStorage

    /// The position after what the reader has.
    var handedOut: FetchPosition {
        guard let progress = self.progress, !progress.isAtEnd.load(ordering: .relaxed) else { return self.end }
        return self.position(behind: progress.current.load(ordering: .relaxed))
    }

    /// The position after what the reader has processed; nil if that is nothing of this batch.
    var askedPast: FetchPosition? {
        guard let progress = self.progress, !progress.isCollected else { return nil }
        let current = progress.current.load(ordering: .relaxed)
        guard current >= self.start.offset else { return nil }
        return self.position(behind: current - 1)
    }

    /// Whether some of it is left.
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
