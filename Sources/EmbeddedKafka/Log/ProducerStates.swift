// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The state of each idempotent producer in a partition, to detect gaps and retries, with its open transaction (KIP-98,
/// KIP-360).
struct ProducerStates: Equatable, Sendable {
    /// The sequence numbers and offsets of an appended batch.
    struct Batch: Equatable, Sendable {
        var firstSequence: Int32
        var lastSequence: Int32
        var baseOffset: Int64
        var lastOffset: Int64
        var timestamp: Int64
    }

    /// The decision on a batch.
    enum Verdict: Equatable, Sendable {
        case append
        /// The batch is in the log: it is a retry of one of the producer's last five batches.
        case duplicate(Batch)
    }

    struct Producer: Equatable, Sendable {
        var epoch: Int16
        /// The last batches of the epoch, oldest first, limited to `ProducerStates.remembered`.
        var batches: [Batch] = []
        var lastAppend: Int64
        /// The timestamp of the last batch or marker.
        var lastTimestamp: Int64 = -1
        /// The offset of the first record of the open transaction, or nil if there is none.
        var transactionStart: Int64?
        /// The epoch of the coordinator that wrote the last marker, or -1.
        var coordinatorEpoch: Int32 = -1
    }

    /// The number of batches to remember, which is the number that a producer may have in flight.
    static let remembered = 5
    /// The time to remember an idle producer, in milliseconds: the default of Kafka's producer.id.expiration.ms.
    static let expiration: Int64 = 86_400_000

    private(set) var producers: [Int64: Producer] = [:]
    /// The start offsets of the open transactions, by producer.
    private var starts: [Int64: Int64] = [:]
    private var nextSweep: Int64 = 0

    var count: Int { self.producers.count }
    /// The last offset of each producer.
    var lastOffsets: Set<Int64> { Set(self.producers.values.compactMap(\.batches.last?.lastOffset)) }

    /// The offset of the first record of an open transaction, or nil if none is open.
    var firstOpenOffset: Int64? { self.starts.values.min() }

    /// Returns whether a producer has an open transaction in this epoch.
    func hasOpenTransaction(producerID: Int64, epoch: Int16) -> Bool {
        self.producers[producerID].map { $0.epoch == epoch && $0.transactionStart != nil } ?? false
    }

    /// Checks a batch before it is appended.
    func check(
        producerID: Int64, epoch: Int16, firstSequence: Int32, lastSequence: Int32, isTransactional: Bool = false
    ) throws(BrokerError) -> Verdict {
        guard let producer = self.producers[producerID] else { return .append }
        if epoch == producer.epoch {
            let sameSequences = producer.batches.first {
                $0.firstSequence == firstSequence && $0.lastSequence == lastSequence
            }
            if let sameSequences { return .duplicate(sameSequences) }
        }
        try self.checkEpoch(epoch, of: producerID)
        if epoch > producer.epoch {
            guard firstSequence == 0 else {
                throw BrokerError(
                    .outOfOrderSequenceNumber,
                    "Producer \(producerID) begins epoch \(epoch) with sequence number \(firstSequence) instead of 0.")
            }
            return .append
        }
        // A marker may have begun the epoch.
        let last = producer.batches.last?.lastSequence ?? -1
        guard firstSequence == Self.sequence(after: last) else {
            throw BrokerError(
                .outOfOrderSequenceNumber,
                "Producer \(producerID) sent sequence number \(firstSequence) after \(last).")
        }
        guard isTransactional || producer.transactionStart == nil else {
            throw BrokerError(
                .invalidTxnState, "Producer \(producerID) has an open transaction and sent a batch outside of it.")
        }
        return .append
    }

    /// Throws if a later instance of the producer is known.
    func checkEpoch(_ epoch: Int16, of producerID: Int64) throws(BrokerError) {
        guard let producer = self.producers[producerID], epoch < producer.epoch else { return }
        throw BrokerError(
            .invalidProducerEpoch,
            "Epoch \(epoch) of producer \(producerID) is older than the last seen epoch \(producer.epoch).")
    }

    /// Checks the marker of a transaction before it is appended.
    ///
    /// - Parameter bumpsEpoch: Whether the marker has the epoch after that of its transaction, as in version 2 of
    ///   transactions.
    func checkMarker(
        producerID: Int64, epoch: Int16, coordinatorEpoch: Int32, bumpsEpoch: Bool
    ) throws(BrokerError) {
        guard let producer = self.producers[producerID] else { return }
        try self.checkEpoch(epoch, of: producerID)
        // A repeated marker finds no transaction that is open.
        guard !bumpsEpoch || epoch > producer.epoch || producer.transactionStart == nil else {
            throw BrokerError(
                .invalidProducerEpoch, "The transaction of producer \(producerID) has the marker's epoch \(epoch).")
        }
        guard coordinatorEpoch >= producer.coordinatorEpoch else {
            throw BrokerError(
                .transactionCoordinatorFenced,
                "Coordinator epoch \(coordinatorEpoch) is older than \(producer.coordinatorEpoch).")
        }
    }

    /// Records a batch that was appended at `now`, in milliseconds.
    mutating func append(
        _ batch: Batch, producerID: Int64, epoch: Int16, now: Int64, isTransactional: Bool = false
    ) {
        self.sweep(now: now)
        var producer = self.producer(producerID, in: epoch, now: now)
        if isTransactional, producer.transactionStart == nil {
            producer.transactionStart = batch.baseOffset
            self.starts[producerID] = batch.baseOffset
        }
        if producer.batches.count == Self.remembered { producer.batches.removeFirst() }
        producer.batches.append(batch)
        producer.lastAppend = now
        producer.lastTimestamp = batch.timestamp
        self.producers[producerID] = producer
    }

    /// Records the marker that ends a transaction. Returns where the transaction began, or nil if it has no records here.
    mutating func endTransaction(
        producerID: Int64, epoch: Int16, coordinatorEpoch: Int32, timestamp: Int64, now: Int64
    ) -> Int64? {
        var producer = self.producer(producerID, in: epoch, now: now)
        producer.lastAppend = now
        producer.lastTimestamp = timestamp
        producer.coordinatorEpoch = coordinatorEpoch
        producer.transactionStart = nil
        self.producers[producerID] = producer
        return self.starts.removeValue(forKey: producerID)
    }

    /// Returns a producer's state in an epoch, whose sequence numbers begin anew if it is a new one.
    private func producer(_ id: Int64, in epoch: Int16, now: Int64) -> Producer {
        guard var producer = self.producers[id] else { return Producer(epoch: epoch, lastAppend: now) }
        if producer.epoch != epoch {
            producer.epoch = epoch
            producer.batches = []
        }
        return producer
    }

    /// Removes all states, before they are rebuilt from a truncated log.
    mutating func removeAll() {
        self.producers.removeAll()
        self.starts.removeAll()
    }

    private static func sequence(after last: Int32) -> Int32 {
        last == Int32.max ? 0 : last + 1
    }

    private mutating func sweep(now: Int64) {
        guard now >= self.nextSweep else { return }
        self.nextSweep = now + Self.expiration / 24
        self.producers = self.producers.filter {
            now - $0.value.lastAppend < Self.expiration || $0.value.transactionStart != nil
        }
    }
}
