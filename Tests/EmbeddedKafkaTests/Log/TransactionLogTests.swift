// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@testable import EmbeddedKafka

/// Transactions in the log of a partition.
@Suite struct TransactionLogTests {
    private let log = PartitionLog()

    @discardableResult
    private func append(
        _ value: String, producer: Int64 = -1, epoch: Int16 = 0, sequence: Int32 = 0, isTransactional: Bool = true
    ) throws -> Int64 {
        let bytes =
            producer < 0
            ? try batch([value])
            : try batch(
                [value], producerID: producer, epoch: epoch, sequence: sequence, isTransactional: isTransactional)
        return try self.log.append(try parsed(bytes), leaderEpoch: 0, now: 5000).baseOffset
    }

    private func end(_ producer: Int64, epoch: Int16 = 0, isCommit: Bool, coordinatorEpoch: Int32 = 0) throws {
        _ = try self.log.appendMarker(
            ControlRecord(kind: isCommit ? .commit : .abort, coordinatorEpoch: coordinatorEpoch),
            .init(id: producer, epoch: epoch), leaderEpoch: 0, now: 6000)
    }

    private func code(_ body: () throws -> Void) -> ErrorCode? {
        do {
            try body()
            return nil
        } catch {
            return (error as? BrokerError)?.code
        }
    }

    @Test func theFirstOpenTransactionLimitsWhatIsStable() throws {
        try self.append("x")
        #expect(self.log.lastStableOffset == 1)
        try self.append("a", producer: 7)
        try self.append("b", producer: 8)
        try self.append("c", producer: 7, sequence: 1)
        #expect(self.log.lastStableOffset == 1)
        try self.end(7, isCommit: true)
        #expect(self.log.lastStableOffset == 2)
        try self.end(8, isCommit: false)
        #expect(self.log.lastStableOffset == 6)
        #expect(self.log.highWatermark == 6)
        #expect(self.log.abortedTransactions == [AbortedTransaction(producerID: 8, firstOffset: 2, lastOffset: 5)])
    }

    @Test func onlyOverlappingAbortedTransactionsAreListed() throws {
        for index in 0..<3 as Range<Int32> {
            try self.append("a", producer: 7, sequence: index)
            try self.end(7, isCommit: false)
        }
        // Offsets 0, 2 and 4 are records; 1, 3 and 5 are markers.
        let size = try batch(["a"], producerID: 7, epoch: 0, sequence: 0, isTransactional: true).count
        func starts(from offset: Int64, _ byteCount: Int) -> [Int64] {
            self.log.abortedTransactions(from: offset, byteCount: byteCount).map(\.firstOffset)
        }
        #expect(starts(from: 0, .max) == [0, 2, 4])
        #expect(starts(from: 0, size) == [0])
        #expect(starts(from: 2, size) == [2])
        #expect(starts(from: 3, .max) == [2, 4])
        #expect(starts(from: 6, .max) == [])
        try self.log.deleteRecords(before: 2)
        #expect(starts(from: 2, .max) == [2, 4])
        #expect(self.log.abortedTransactions.count == 2)
    }

    @Test func aMarkerWithANewEpochFencesTheOldOne() throws {
        try self.append("a", producer: 7)
        try self.end(7, epoch: 1, isCommit: false)
        #expect(self.code { try self.append("b", producer: 7, sequence: 1) } == .invalidProducerEpoch)
        #expect(self.code { try self.append("b", producer: 7, epoch: 1, sequence: 1) } == .outOfOrderSequenceNumber)
        try self.append("b", producer: 7, epoch: 1)
        #expect(self.code { try self.end(7, isCommit: true) } == .invalidProducerEpoch)
        #expect(self.log.lastStableOffset == 2)
    }

    @Test func aMarkerInTheSameEpochKeepsTheSequence() throws {
        try self.append("a", producer: 7)
        try self.end(7, isCommit: true)
        #expect(self.code { try self.append("b", producer: 7, sequence: 3) } == .outOfOrderSequenceNumber)
        try self.append("b", producer: 7, sequence: 1)
    }

    @Test func anOldCoordinatorIsRefused() throws {
        try self.append("a", producer: 7)
        try self.end(7, isCommit: true, coordinatorEpoch: 3)
        #expect(
            self.code { try self.end(7, isCommit: true, coordinatorEpoch: 2) } == .transactionCoordinatorFenced)
    }

    @Test func aBatchOutsideOfTheOpenTransactionIsRefused() throws {
        try self.append("a", producer: 7)
        let outside = self.code { try self.append("b", producer: 7, sequence: 1, isTransactional: false) }
        #expect(outside == .invalidTxnState)
    }

    @Test func truncationReopensATransaction() throws {
        try self.append("a", producer: 7)
        try self.end(7, isCommit: false)
        try self.append("b", producer: 7, sequence: 1)
        try self.end(7, isCommit: false)
        self.log.truncate(to: 3)
        #expect(self.log.lastStableOffset == 2)
        #expect(self.log.abortedTransactions.map(\.firstOffset) == [0])
    }
}
