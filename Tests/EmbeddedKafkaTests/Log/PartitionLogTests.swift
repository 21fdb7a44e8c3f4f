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

@Suite struct PartitionLogTests {
    private let log = PartitionLog()

    @discardableResult
    private func append(_ values: [String], epoch: Int32 = 0, timestamp: Int64 = 1000) throws -> PartitionLog.Appended {
        try self.log.append(try parsed(try batch(values, timestamp: timestamp)), leaderEpoch: epoch, now: 5000)
    }

    private func read(
        from offset: Int64, maxBytes: Int = .max, atLeastOneBatch: Bool = true, before limit: Int64? = nil
    ) throws -> [Int64] {
        let slices = try self.log.read(
            from: offset, maxBytes: maxBytes, atLeastOneBatch: atLeastOneBatch, before: limit ?? self.log.endOffset)
        return try records(in: slices).map(\.offset)
    }

    @Test func offsetsContinueFromBatchToBatch() throws {
        #expect(try self.append(["a", "b"]).baseOffset == 0)
        let second = try self.append(["c"])
        #expect(second == .init(baseOffset: 2, lastOffset: 2, logAppendTime: -1, isDuplicate: false))
        #expect(self.log.endOffset == 3)
        #expect(try self.read(from: 0) == [0, 1, 2])
    }

    @Test func aBatchKeepsItsBytesExceptOffsetAndEpoch() throws {
        let produced = try batch(["a"])
        try self.append(["before"])
        _ = try self.log.append(try parsed(produced), leaderEpoch: 3, now: 0)
        let stored = Array(joined(try self.log.read(from: 1, maxBytes: .max, atLeastOneBatch: true, before: 2)))
        #expect(stored[0..<8] == [0, 0, 0, 0, 0, 0, 0, 1])
        #expect(stored[8..<12] == Array(produced)[8..<12])
        #expect(stored[12..<16] == [0, 0, 0, 3])
        #expect(stored[16...] == Array(produced)[16...])
    }

    @Test func logAppendTimeIsSetWithANewChecksum() throws {
        let appended = try self.log.append(
            try parsed(try batch(["a"])), leaderEpoch: 0, now: 777, usesLogAppendTime: true)
        #expect(appended.logAppendTime == 777)
        let stored = try parsed(
            joined(try self.log.read(from: 0, maxBytes: .max, atLeastOneBatch: true, before: 1)))
        try stored.validateChecksum()
        #expect(stored.timestampType == .logAppendTime)
        #expect(stored.maxTimestamp == 777)
    }

    @Test func readingBeginsWithTheBatchThatContainsTheOffset() throws {
        try self.append(["a", "b", "c"])
        try self.append(["d"])
        #expect(try self.read(from: 2) == [0, 1, 2, 3])
        #expect(try self.read(from: 3) == [3])
        #expect(try self.read(from: 4) == [])
    }

    @Test func theFirstBatchIsReturnedWholeWhateverTheLimit() throws {
        try self.append(["a"])
        try self.append(["b"])
        #expect(try self.read(from: 0, maxBytes: 1) == [0])
        #expect(try self.read(from: 0, maxBytes: 1, atLeastOneBatch: false) == [])
    }

    @Test func theLastBatchIsTruncatedAtTheLimitAsInKafka() throws {
        try self.append(["a"])
        try self.append(["b"])
        let size = self.log.byteCount / 2
        let slices = try self.log.read(from: 0, maxBytes: size + 20, atLeastOneBatch: true, before: 2)
        #expect(slices.reduce(0) { $0 + $1.count } == size + 20)
        #expect(try records(in: slices).map(\.offset) == [0])
    }

    @Test func nothingIsReturnedBeyondTheLimitOfTheIsolationLevel() throws {
        try self.append(["a"])
        try self.append(["b"])
        #expect(try self.read(from: 0, before: 1) == [0])
        #expect(try self.read(from: 1, before: 1) == [])
    }

    @Test func offsetsOutsideOfTheLogAreRefused() throws {
        try self.append(["a"])
        for offset in [-1, 2] as [Int64] {
            #expect(throws: BrokerError.self) { try self.read(from: offset) }
        }
        #expect(try self.read(from: 1) == [])
    }

    @Test func readingContinuesAcrossSegments() throws {
        let large = String(repeating: "x", count: 3000)
        for _ in 0..<400 { try self.append([large]) }
        #expect(try self.read(from: 0) == Array(0..<400))
        #expect(try self.read(from: 399) == [399])
    }

    @Test func returnedBytesDoNotChange() throws {
        try self.append(["a"])
        let before = try self.log.read(from: 0, maxBytes: .max, atLeastOneBatch: true, before: 1)
        let copy = Array(joined(before))
        self.log.truncate(to: 0)
        try self.append(["other"])
        #expect(Array(joined(before)) == copy)
    }

    @Test func truncationRemovesTheBatchThatContainsTheOffset() throws {
        try self.append(["a", "b"])
        try self.append(["c", "d"])
        try self.append(["e"])
        self.log.truncate(to: 3)
        #expect(self.log.endOffset == 2)
        #expect(try self.read(from: 0) == [0, 1])
        #expect(try self.append(["f"]).baseOffset == 2)
        self.log.truncate(to: 0)
        #expect(self.log.endOffset == 0)
        #expect(self.log.byteCount == 0)
    }

    @Test func aLogCanBeReadAfterTheFirstBatchOfASegmentWasTruncated() throws {
        let large = String(repeating: "x", count: 3000)
        try self.append([large])
        try self.append([large, large])
        self.log.truncate(to: 2)
        #expect(self.log.endOffset == 1)
        #expect(try self.read(from: 0) == [0])
        let huge = String(repeating: "x", count: 100_000)
        try self.append([huge])
        #expect(try self.read(from: 0) == [0, 1])
    }

    @Test func deletingRecordsMovesTheStartOffset() throws {
        try self.append(["a", "b"])
        try self.append(["c"])
        try self.log.deleteRecords(before: 1)
        #expect(self.log.startOffset == 1)
        // The batch is still whole: consumers skip the records before their offset.
        #expect(try self.read(from: 1) == [0, 1, 2])
        #expect(throws: BrokerError.self) { try self.read(from: 0) }
        #expect(throws: BrokerError.self) { try self.log.deleteRecords(before: 4) }
        try self.log.deleteRecords(before: -1)
        #expect(self.log.startOffset == 3)
        #expect(self.log.byteCount == 0)
        #expect(try self.append(["d"]).baseOffset == 3)
        #expect(try self.read(from: 3) == [3])
    }

    @Test func retentionRemovesTheOldestSegments() throws {
        let large = String(repeating: "x", count: 100_000)
        for _ in 0..<100 { try self.append([large]) }
        self.log.retain(bytes: 3_000_000)
        #expect(self.log.byteCount >= 3_000_000)
        #expect(self.log.byteCount < 3_000_000 + 2 * LogSegment.largest)
        #expect(self.log.startOffset > 0)
        #expect(try self.read(from: self.log.startOffset).first == self.log.startOffset)
    }

    @Test func recordsAreFoundByTimestampAlsoInCompressedBatches() throws {
        try self.append(["a", "b", "c"], timestamp: 1000)
        let compressed = try batch(["d", "e", "f"], timestamp: 2000, compression: .gzip)
        _ = try self.log.append(try parsed(compressed), leaderEpoch: 0, now: 0)
        #expect(self.log.firstRecord(reaching: 0) == .init(offset: 0, timestamp: 1000))
        #expect(self.log.firstRecord(reaching: 1001) == .init(offset: 1, timestamp: 1001))
        #expect(self.log.firstRecord(reaching: 1003) == .init(offset: 3, timestamp: 2000))
        #expect(self.log.firstRecord(reaching: 2002) == .init(offset: 5, timestamp: 2002))
        #expect(self.log.firstRecord(reaching: 2003) == nil)
        #expect(self.log.recordWithLatestTimestamp() == .init(offset: 5, timestamp: 2002))
        try self.log.deleteRecords(before: 2)
        #expect(self.log.firstRecord(reaching: 0) == .init(offset: 2, timestamp: 1002))
    }

    @Test func sequencesAreRestoredAfterTruncation() throws {
        func produce(_ sequence: Int32) throws -> PartitionLog.Appended {
            let bytes = try batch(["a"], producerID: 7, epoch: 0, sequence: sequence)
            return try self.log.append(try parsed(bytes), leaderEpoch: 0, now: 0)
        }
        for sequence in 0..<3 { _ = try produce(Int32(sequence)) }
        self.log.truncate(to: 1)
        #expect(throws: BrokerError.self) { try produce(2) }
        #expect(try produce(1).baseOffset == 1)
    }
}
