// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

@testable import AsyncKafka

/// A broker's partition for tests of pure state machines. It has only Kafka's rules for sequences: a broker detects
/// duplicates of a producer's last five batches, and a producer without state may begin with any sequence.
struct ModelLog {
    struct Producer {
        var epoch: Int16
        var lastSequence: Int32
        var recent: [(first: Int32, last: Int32)]
    }

    /// All stored records, by the numbers that the test has given them.
    private(set) var records: [Int] = []
    private var producers: [Int64: Producer] = [:]

    /// The broker loses the state of its producers, as retention or DeleteRecords may cause. The stored records stay
    /// for the test.
    mutating func forgetProducers() {
        self.producers = [:]
    }

    mutating func append(_ batch: [Int], identity: ProducerIdentity, baseSequence: Int32) -> ProduceAnswer {
        let last = ProducerSequence.advance(baseSequence, by: Int32(batch.count) - 1)
        if var producer = self.producers[identity.id] {
            if identity.epoch < producer.epoch { return .staleEpoch }
            if identity.epoch == producer.epoch {
                if producer.recent.contains(where: { $0.first == baseSequence && $0.last == last }) {
                    return .stored
                }
                guard baseSequence == ProducerSequence.advance(producer.lastSequence, by: 1) else { return .outOfOrder }
            } else {
                guard baseSequence == 0 else { return .outOfOrder }
                producer.recent = []
            }
            producer.epoch = identity.epoch
            producer.lastSequence = last
            producer.recent.append((baseSequence, last))
            if producer.recent.count > 5 { producer.recent.removeFirst() }
            self.producers[identity.id] = producer
        } else {
            self.producers[identity.id] = Producer(
                epoch: identity.epoch, lastSequence: last, recent: [(baseSequence, last)])
        }
        self.records += batch
        return .stored
    }
}

/// A seeded random number generator, so that a failing run can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
