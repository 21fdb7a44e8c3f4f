// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// An aborted transaction in a log, whose records `read_committed` consumers leave out.
struct AbortedTransaction: Equatable, Sendable {
    var producerID: Int64
    /// The offset of its first record.
    var firstOffset: Int64
    /// The offset of its marker.
    var lastOffset: Int64
}

/// Markers, and what consumers need to know of aborted transactions.
extension PartitionLog {
    /// Appends the marker that ends a producer's transaction, whether or not it has records here. Returns its size in
    /// bytes.
    func appendMarker(
        _ marker: ControlRecord, _ producer: TransactionalIDState.Producer, bumpsEpoch: Bool = false,
        leaderEpoch: Int32, now: Int64
    ) throws(BrokerError) -> Int {
        try self.producers.checkMarker(
            producerID: producer.id, epoch: producer.epoch, coordinatorEpoch: marker.coordinatorEpoch ?? 0,
            bumpsEpoch: bumpsEpoch)
        let bytes = marker.batch(
            baseOffset: 0, partitionLeaderEpoch: leaderEpoch, producerID: producer.id, producerEpoch: producer.epoch,
            timestamp: now)
        var reader = RecordBatchReader(bytes)
        guard let batch = try? reader.next() else { throw BrokerError(.unknownServerError) }
        _ = try self.append(batch, leaderEpoch: leaderEpoch, now: now)
        return bytes.count
    }

    /// Returns the aborted transactions that overlap with the batches of a response, as in Kafka's index of them.
    func abortedTransactions(from offset: Int64, byteCount: Int) -> [AbortedTransaction] {
        guard self.abortedTransactions.contains(where: { $0.lastOffset >= offset }) else { return [] }
        var left = byteCount
        var end = offset
        for entry in self.entries where entry.lastOffset >= offset {
            guard left > 0 else { break }
            left -= Int(entry.count)
            end = entry.lastOffset + 1
        }
        return self.abortedTransactions.filter { $0.lastOffset >= offset && $0.firstOffset < end }
    }
}

extension RecordBatch {
    /// The marker in a control batch, or nil if it has none that can be read.
    var marker: ControlRecord? {
        guard self.isControl, let records = try? self.records() else { return nil }
        var iterator = records.makeIterator()
        guard let record = try? iterator.next() else { return nil }
        return try? ControlRecord(record, in: records)
    }
}
