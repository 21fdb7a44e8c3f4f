// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// What one Fetch brought of one partition: whole batches, as they came.
struct FetchedChunk: Sendable {
    private var batches: Deque<RecordBatch>
    private var aborted: AbortedTransactions
    /// Why the batches end where they do, if something in them can't be understood.
    private(set) var failure: RecordBatchError?
    /// The position after the last batch; nil if there is none.
    let end: FetchPosition?
    let byteCount: Int
    /// Whether there was not even one whole batch: the fetch size is too small for it.
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

    /// What `popFirst` will take.
    var first: RecordBatch? { self.batches.first }

    /// The next batch as it came, whatever is in it.
    mutating func popFirst() -> RecordBatch? { self.batches.popFirst() }

    /// Whether users are not to see a batch: it is Kafka's own, or of an aborted transaction. Asked in order.
    mutating func hides(
        _ batch: RecordBatch, isolation: IsolationLevel, checkingCRC: Bool
    ) throws(RecordBatchError) -> Bool {
        if batch.isControl {
            guard isolation == .readCommitted else { return true }
            // Kafka compresses no markers. This is asked under a lock, where nothing may be decompressed.
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
