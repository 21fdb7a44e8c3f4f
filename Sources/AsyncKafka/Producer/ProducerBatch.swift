// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A batch of records of one partition, from its first record to its result.
///
/// `@unchecked Sendable` is correct because of these rules. While the batch is open, records are appended under the
/// accumulator's lock. The other variables are written only under that lock, and `count` doesn't change after the batch
/// is closed. Only one thread at a time sends to a broker: it takes a closed batch out of the accumulator under the
/// lock and encodes it. The records are freed once, by the thread that learns under the lock that the batch has ended
/// and is not being sent.
///
/// `isCountedAsSent` belongs to the thread that sends.
final class ProducerBatch: @unchecked Sendable {
    let topicPartition: TopicPartition
    /// The number of the transaction that it belongs to.
    let transaction: UInt64
    let createdAt: MonotonicTime
    /// When it is given up.
    let deadline: MonotonicTime
    let outcome: BatchOutcome
    // The rules above guard it, so a dynamic check per record would be a pure cost.
    @exclusivity(unchecked) var records: RecordBatchBuilder
    /// The buffer memory that is accounted to the batch.
    var reserved = 0
    /// The size up to which records may be appended.
    var limit = 0
    /// Whether it was counted as sent, so that the next time is a retry.
    var isCountedAsSent = false
    /// The number of records, once the batch is closed.
    private(set) var count = 0

    init(
        _ topicPartition: TopicPartition, in transaction: UInt64 = RecordAccumulator.noTransaction,
        createdAt: MonotonicTime, deadline: MonotonicTime, records: consuming RecordBatchBuilder,
        undelivered: UndeliveredRecords
    ) {
        self.topicPartition = topicPartition
        self.transaction = transaction
        self.createdAt = createdAt
        self.deadline = deadline
        self.outcome = BatchOutcome(undelivered: undelivered)
        self.records = records
    }

    /// Closes the batch for new records.
    func complete() {
        self.count = self.records.count
    }

    /// Frees the bytes of a batch that has ended and is not in flight, because a `Delivery` that the user keeps also
    /// keeps the batch.
    func freeRecords() {
        self.records = RecordBatchBuilder(initialCapacity: 0)
    }

    /// Returns the batch in the format of a Produce request.
    func encoded(
        identity: ProducerIdentity?, baseSequence: Int32, isTransactional: Bool = false, compression: Compression
    ) throws(KafkaError) -> [Bytes] {
        do {
            try self.records.close(compression: compression)
        } catch {
            throw KafkaError(
                .compressionUnavailable, "The records could not be compressed: \(error).",
                topic: self.topicPartition.topic, partition: self.topicPartition.partition, underlyingError: error)
        }
        return self.records.finish(
            producerID: identity?.id ?? -1, producerEpoch: identity?.epoch ?? -1, baseSequence: baseSequence,
            isTransactional: isTransactional)
    }

    /// Returns the same records in batches of at most `size` bytes, or in two of about half the size if those are
    /// smaller, for a broker that rejects the whole batch as too large. A larger record gets a batch of its own.
    func parts(ofAtMost size: Int, undelivered: UndeliveredRecords) throws(RecordBatchError) -> [ProducerBatch] {
        let half = RecordBatchBuilder.headerSize + (self.records.byteCount - RecordBatchBuilder.headerSize) / 2
        let limit = min(size, half)
        let records = try self.records.records()
        var parts: [ProducerBatch] = []
        var iterator = records.makeIterator()
        while let record = try iterator.next() {
            let key = records.key(of: record)
            let value = records.value(of: record)
            let headers = records.headers(of: record)
            if let last = parts.last {
                // Two halves are seldom exactly equal, and a third batch would contain only a small rest.
                let limit = size >= half && parts.count == 2 ? Int.max : limit
                let isTaken = try last.records.append(
                    key: key, value: value, headers: headers, timestamp: record.timestamp, limit: limit)
                if isTaken { continue }
            }
            let part = ProducerBatch(
                self.topicPartition, in: self.transaction, createdAt: self.createdAt, deadline: self.deadline,
                records: RecordBatchBuilder(initialCapacity: limit), undelivered: undelivered)
            _ = try part.records.append(
                key: key, value: value, headers: headers, timestamp: record.timestamp, limit: .max)
            parts.append(part)
        }
        for part in parts { part.complete() }
        return parts
    }
}
