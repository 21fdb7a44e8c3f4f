// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The state of each idempotent producer in a partition, to detect gaps and retries (KIP-98, KIP-360).
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

    private struct Producer: Equatable, Sendable {
        var epoch: Int16
        /// The last batches of the epoch, oldest first, limited to `ProducerStates.remembered`.
        var batches: [Batch]
        var lastAppend: Int64
    }

    /// The number of batches to remember, which is the number that a producer may have in flight.
    static let remembered = 5
    /// The time to remember an idle producer, in milliseconds: the default of Kafka's producer.id.expiration.ms.
    static let expiration: Int64 = 86_400_000

    private var producers: [Int64: Producer] = [:]
    private var nextSweep: Int64 = 0

    var count: Int { self.producers.count }
    /// The last offset of each producer.
    var lastOffsets: Set<Int64> { Set(self.producers.values.compactMap(\.batches.last?.lastOffset)) }

    /// Checks a batch before it is appended.
    func check(
        producerID: Int64, epoch: Int16, firstSequence: Int32, lastSequence: Int32
    ) throws(BrokerError) -> Verdict {
        guard let producer = self.producers[producerID] else { return .append }
        if epoch == producer.epoch {
            let sameSequences = producer.batches.first {
                $0.firstSequence == firstSequence && $0.lastSequence == lastSequence
            }
            if let sameSequences { return .duplicate(sameSequences) }
        }
        guard epoch >= producer.epoch else {
            throw BrokerError(
                .invalidProducerEpoch,
                "Epoch \(epoch) of producer \(producerID) is older than the last seen epoch \(producer.epoch).")
        }
        if epoch > producer.epoch {
            guard firstSequence == 0 else {
                throw BrokerError(
                    .outOfOrderSequenceNumber,
                    "Producer \(producerID) begins epoch \(epoch) with sequence number \(firstSequence) instead of 0.")
            }
            return .append
        }
        guard let last = producer.batches.last else { return .append }
        guard firstSequence == Self.sequence(after: last.lastSequence) else {
            throw BrokerError(
                .outOfOrderSequenceNumber,
                "Producer \(producerID) sent sequence number \(firstSequence) after \(last.lastSequence).")
        }
        return .append
    }

    /// Records a batch that was appended at `now`, in milliseconds.
    mutating func append(_ batch: Batch, producerID: Int64, epoch: Int16, now: Int64) {
        self.sweep(now: now)
        var producer =
            self.producers[producerID].flatMap { $0.epoch == epoch ? $0 : nil }
            ?? Producer(epoch: epoch, batches: [], lastAppend: now)
        if producer.batches.count == Self.remembered { producer.batches.removeFirst() }
        producer.batches.append(batch)
        producer.lastAppend = now
        self.producers[producerID] = producer
    }

    /// Removes all states, before they are rebuilt from a truncated log.
    mutating func removeAll() {
        self.producers.removeAll()
    }

    private static func sequence(after last: Int32) -> Int32 {
        last == Int32.max ? 0 : last + 1
    }

    private mutating func sweep(now: Int64) {
        guard now >= self.nextSweep else { return }
        self.nextSweep = now + Self.expiration / 24
        self.producers = self.producers.filter { now - $0.value.lastAppend < Self.expiration }
    }
}
