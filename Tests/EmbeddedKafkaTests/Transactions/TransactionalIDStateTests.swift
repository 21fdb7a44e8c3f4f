// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Testing

@testable import EmbeddedKafka

@Suite struct TransactionalIDStateTests {
    typealias Producer = TransactionalIDState.Producer

    @Test func aNewProducerHasEpoch0AndTheNextOneFencesIt() throws {
        let rig = TransactionalIDRig(isVersion2: true)
        #expect(try rig.initialize() == Producer(id: 1000, epoch: 0))
        #expect(try rig.initialize() == Producer(id: 1000, epoch: 1))
        #expect(code { () throws(BrokerError) in try rig.add(0, by: Producer(id: 1000, epoch: 0)) } == .producerFenced)
        #expect(
            code { () throws(BrokerError) in try rig.add(0, by: Producer(id: 7, epoch: 1)) }
                == .invalidProducerIdMapping)
        #expect(rig.state.state == .empty)
    }

    @Test(arguments: [false, true]) func aTransactionGoesThroughItsStates(isVersion2: Bool) throws {
        for isCommit in [true, false] {
            let rig = try TransactionalIDRig.initialized(isVersion2: isVersion2)
            try rig.add(0, 1)
            try rig.add(2)
            #expect(rig.state.state == .ongoing)
            let next = try rig.end(isCommit: isCommit)
            #expect(next == Producer(id: 1000, epoch: isVersion2 ? 1 : 0))
            #expect(rig.state.state == (isCommit ? .prepareCommit : .prepareAbort))
            let marker = try #require(rig.state.marker)
            #expect(marker.places.map(\.partition).sorted() == [0, 1, 2])
            #expect(marker.isCommit == isCommit)
            #expect(marker.producer == next)
            #expect(code { () throws(BrokerError) in try rig.add(3) } == .concurrentTransactions)
            #expect(code { () throws(BrokerError) in _ = try rig.initialize() } == .concurrentTransactions)
            rig.state.complete()
            #expect(rig.state.state == (isCommit ? .completeCommit : .completeAbort))
            #expect(rig.state.marker == nil)
            try rig.add(3)
            #expect(rig.state.places.map(\.partition) == [3])
        }
    }

    @Test func aRetriedEndHasTheSameResult() throws {
        for isVersion2 in [false, true] {
            let rig = try TransactionalIDRig.initialized(isVersion2: isVersion2)
            let producer = rig.state.producer
            try rig.add(0)
            let next = try rig.end(isCommit: true, by: producer)
            #expect(
                code { () throws(BrokerError) in _ = try rig.end(isCommit: true, by: producer) }
                    == .concurrentTransactions)
            #expect(
                code { () throws(BrokerError) in _ = try rig.end(isCommit: false, by: producer) }
                    == .concurrentTransactions)
            rig.state.complete()
            #expect(try rig.end(isCommit: true, by: producer) == next)
            #expect(
                code { () throws(BrokerError) in _ = try rig.end(isCommit: false, by: producer) } == .invalidTxnState)
            #expect(rig.state.state == .completeCommit)
        }
    }

    @Test func onlyVersion2TellsARetryFromTheEndOfTheNextTransaction() throws {
        let rig = try TransactionalIDRig.initialized(isVersion2: true)
        let first = rig.state.producer
        try rig.add(0)
        let second = try rig.end(isCommit: true, by: first)
        rig.state.complete()
        try rig.add(0, by: second)
        #expect(code { () throws(BrokerError) in _ = try rig.end(isCommit: true, by: first) } == .producerFenced)
        #expect(rig.state.state == .ongoing)

        let older = try TransactionalIDRig.initialized(isVersion2: false)
        try older.add(0)
        _ = try older.end(isCommit: true)
        older.state.complete()
        try older.add(0)
        // The late request of the first transaction commits the second one.
        _ = try older.end(isCommit: true)
        #expect(older.state.state == .prepareCommit)
    }

    @Test func onlyVersion2AbortsWithoutPartitions() throws {
        let rig = try TransactionalIDRig.initialized(isVersion2: true)
        #expect(code { () throws(BrokerError) in _ = try rig.end(isCommit: true) } == .invalidTxnState)
        #expect(try rig.end(isCommit: false) == Producer(id: 1000, epoch: 1))
        #expect(rig.state.marker?.places.isEmpty == true)
        rig.state.complete()
        #expect(rig.state.state == .completeAbort)
        let older = try TransactionalIDRig.initialized(isVersion2: false)
        #expect(code { () throws(BrokerError) in _ = try older.end(isCommit: false) } == .invalidTxnState)
    }

    @Test(arguments: [false, true]) func aNewProducerAbortsTheTransaction(isVersion2: Bool) throws {
        let rig = try TransactionalIDRig.initialized(isVersion2: isVersion2)
        let old = rig.state.producer
        try rig.add(0)
        #expect(code { () throws(BrokerError) in _ = try rig.initialize() } == .concurrentTransactions)
        #expect(rig.state.marker?.isCommit == false)
        #expect(rig.state.marker?.producer == Producer(id: 1000, epoch: 1))
        rig.state.complete()
        #expect(try rig.initialize() == Producer(id: 1000, epoch: 2))
        #expect(code { () throws(BrokerError) in _ = try rig.end(isCommit: true, by: old) } == .producerFenced)
    }

    @Test(arguments: [false, true]) func aLateTransactionIsAborted(isVersion2: Bool) throws {
        let rig = try TransactionalIDRig.initialized(isVersion2: isVersion2)
        rig.now = 1000
        #expect(rig.state.deadline == nil)
        let late = rig.state.producer
        try rig.add(0)
        #expect(rig.state.deadline == 61_000)
        rig.now = 60_999
        try rig.add(1)
        #expect(!rig.expire())
        rig.now = 61_000
        #expect(rig.expire())
        #expect(rig.state.marker?.isCommit == false)
        #expect(rig.state.producer.epoch == 1)
        rig.state.complete()
        #expect(code { () throws(BrokerError) in try rig.add(2, by: late) } == .producerFenced)
        #expect(!rig.expire())
    }

    @Test func aProducerContinuesWithItsEpoch() throws {
        let rig = try TransactionalIDRig.initialized(isVersion2: false, epoch: 5)
        let first = rig.state.producer
        let second = try rig.initialize(first)
        #expect(second == Producer(id: 1000, epoch: 6))
        // A retry doesn't bump the epoch again.
        #expect(try rig.initialize(first) == second)
        #expect(
            code { () throws(BrokerError) in _ = try rig.initialize(Producer(id: 1000, epoch: 4)) } == .producerFenced)
        #expect(code { () throws(BrokerError) in _ = try rig.initialize(Producer(id: 7, epoch: 6)) } == .producerFenced)
    }

    @Test func anExhaustedProducerGetsANewID() throws {
        var rig = try TransactionalIDRig.initialized(isVersion2: true, epoch: .max - 1)
        let last = rig.state.producer
        #expect(try rig.initialize() == Producer(id: 1001, epoch: 0))
        #expect(rig.state.previousID == last.id)

        rig = try TransactionalIDRig.initialized(isVersion2: true, epoch: .max - 1)
        try rig.add(0)
        let next = try rig.end(isCommit: true, by: last)
        #expect(next == Producer(id: 1001, epoch: 0))
        #expect(rig.state.marker?.producer == Producer(id: 1000, epoch: .max))
        rig.state.complete()
        #expect(rig.state.producer == next)
        #expect(try rig.end(isCommit: true, by: last) == next)
        try rig.add(0, by: next)
    }

    @Test func aPartitionIsVerified() throws {
        let rig = try TransactionalIDRig.initialized(isVersion2: false)
        let producer = rig.state.producer
        func verify(_ partition: Int32, _ producer: Producer) -> ErrorCode {
            let state = rig.state
            return code { () throws(BrokerError) in
                try state.verify(.init(topic: "t", partition: partition), by: producer)
            }
        }
        #expect(verify(0, producer) == .transactionAbortable)
        try rig.add(0)
        #expect(verify(0, producer) == .none)
        #expect(verify(1, producer) == .transactionAbortable)
        #expect(verify(0, Producer(id: 1000, epoch: 9)) == .producerFenced)
        _ = try rig.end(isCommit: true)
        #expect(verify(0, producer) == .concurrentTransactions)
        rig.state.complete()
        #expect(verify(0, producer) == .transactionAbortable)
    }
}
