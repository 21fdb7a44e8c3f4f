// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// The batches of one partition in one Fetch answer, as the broker sent them.
struct FetchedChunk: Sendable {
    private var batches: Deque<RecordBatch>
    private var aborted: AbortedTransactions
    /// The error at the first batch that can't be parsed, if any. It follows the valid batches.
    private(set) var failure: RecordBatchError?
    /// The position after the last batch; nil if there is none.
    let end: FetchPosition?
    let byteCount: Int
    /// The answer that it is a part of, from when it is in the buffer.
    var answer: FetchedAnswer?
    /// Whether the answer contains no complete batch because the fetch size is too small.
    let isCutShort: Bool

    init(_ records: Bytes, aborted: AbortedTransactions) {
        self.batches = Deque()
        self.aborted = aborted
        var reader = RecordBatchReader(records)
        var end: FetchPosition?
        do throws(RecordBatchError) {
            while let batch = try reader.next() {
                end = batch.end
                self.batches.append(batch)
            }
        } catch {
            self.failure = error
        }
        self.end = end
        self.byteCount = reader.consumedByteCount
        self.isCutShort = end == nil && self.failure == nil && reader.cutOff != nil
    }

    /// The batch that `popFirst` returns next.
    var first: RecordBatch? { self.batches.first }

    /// Removes and returns the next batch, without looking at its content.
    mutating func popFirst() -> RecordBatch? { self.batches.popFirst() }

    /// Returns whether a batch is hidden from users: it is a control batch, or part of an aborted transaction. Batches
    /// must be passed in order.
    mutating func hides(
        _ batch: RecordBatch, isolation: IsolationLevel, checkingCRC: Bool
    ) throws(RecordBatchError) -> Bool {
        if batch.isControl {
            guard isolation == .readCommitted else { return true }
            // Kafka never compresses markers, and this code runs under a lock, where nothing may be decompressed.
            guard batch.codec == CompressionCodec.none else {
                throw RecordBatchError(
                    .malformed("it is a marker of Kafka's own, and compressed"), baseOffset: batch.baseOffset)
            }
            if checkingCRC { try batch.validateChecksum() }
            let records = try batch.records()
            var iterator = records.makeIterator()
            if let record = try iterator.next(), try ControlRecord(record, in: records).kind == .abort {
                self.aborted.ended(producerID: batch.producerID, markerOffset: batch.lastOffset)
            }
            return true
        }
        guard isolation == .readCommitted, batch.isTransactional else { return false }
        return self.aborted.contains(producerID: batch.producerID, lastOffset: batch.lastOffset)
    }
}
