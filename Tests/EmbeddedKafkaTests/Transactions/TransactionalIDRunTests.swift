// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import EmbeddedKafka

/// Random events, also of producers that are late or fenced, against what must always hold.
@Suite(.timeLimit(.minutes(2))) struct TransactionalIDRunTests {
    typealias Producer = TransactionalIDState.Producer

    /// A run with what it expects of the state.
    private struct Run {
        let rig: TransactionalIDRig
        /// The producers that the clients believe to be, with the oldest ones first.
        var clients: [Producer] = []
        /// The partitions that were added to the open transaction.
        var added: Set<Int32> = []
        /// The results of transactions by the producer that ended them.
        var outcomes: [Producer: Bool] = [:]
        var epochs: [Int64: Int16] = [:]

        mutating func step(_ random: inout SeededRandom) {
            let before = self.rig.state
            let client = self.clients.randomElement(using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0: self.initialize(nil)
            case 1: self.initialize(client)
            case 2...4: self.add(Int32.random(in: 0..<5, using: &random), by: client ?? before.producer)
            case 5, 6: self.end(isCommit: Bool.random(using: &random), by: client ?? before.producer)
            case 7: self.pass(Int64.random(in: 0..<80_000, using: &random))
            default: self.complete()
            }
            self.check(after: before)
        }

        private mutating func initialize(_ expected: Producer?) {
            let before = self.rig.state
            guard let producer = try? self.rig.initialize(expected) else {
                // It may have aborted the transaction.
                if self.rig.state != before { self.outcomes[before.producer] = false }
                return
            }
            #expect(before.marker == nil && before.state != .ongoing)
            self.clients.append(producer)
        }

        private mutating func add(_ partition: Int32, by producer: Producer) {
            let before = self.rig.state
            guard (try? self.rig.add(partition, by: producer)) != nil else {
                #expect(self.rig.state == before)
                return
            }
            #expect(producer == before.producer)
            #expect(before.marker == nil)
            if before.state != .ongoing { self.added = [] }
            self.added.insert(partition)
        }

        private mutating func end(isCommit: Bool, by producer: Producer) {
            let before = self.rig.state
            guard let next = try? self.rig.end(isCommit: isCommit, by: producer) else {
                #expect(self.rig.state == before)
                return
            }
            if self.rig.state != before {
                #expect(producer == before.producer)
                if before.state != .ongoing { self.added = [] }
                self.outcomes[producer] = isCommit
            }
            // A retry has the result of the first attempt.
            if self.rig.isVersion2 {
                #expect(self.outcomes[producer] == isCommit)
                #expect(next.id != producer.id || next.epoch == producer.epoch + 1)
            }
            self.clients.append(next)
        }

        private mutating func pass(_ time: Int64) {
            self.rig.now += time
            let before = self.rig.state
            let isLate = before.deadline.map { $0 <= self.rig.now } ?? false
            #expect(self.rig.expire() == isLate)
            guard isLate else { return }
            #expect(self.rig.state.marker?.isCommit == false)
            self.outcomes[before.producer] = false
        }

        private mutating func complete() {
            self.rig.state.complete()
        }

        private mutating func check(after before: TransactionalIDState) {
            let state = self.rig.state
            #expect((state.deadline != nil) == (state.state == .ongoing))
            #expect(state.state != .ongoing || !state.places.isEmpty)
            if let marker = state.marker {
                #expect(Set(marker.places.map(\.partition)) == self.added)
                if let earlier = before.marker { #expect(marker == earlier) }
            }
            #expect(self.epochs[state.producer.id].map { $0 <= state.producer.epoch } ?? true)
            self.epochs[state.producer.id] = state.producer.epoch
        }
    }

    @Test(arguments: [false, true], [0, Int16.max - 20]) func whatMustHoldHolds(isVersion2: Bool, epoch: Int16) throws {
        for seed in 0..<100 as Range<UInt64> {
            var random = SeededRandom(seed)
            var run = Run(rig: try TransactionalIDRig.initialized(isVersion2: isVersion2, epoch: epoch))
            run.clients = [run.rig.state.producer]
            for _ in 0..<300 { run.step(&random) }
        }
    }
}
