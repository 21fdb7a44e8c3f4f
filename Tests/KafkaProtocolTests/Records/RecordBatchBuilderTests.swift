// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@Suite struct RecordBatchBuilderTests {
    static func someRecords(_ count: Int, seed: UInt64 = 1, largestValue: Int = 300) -> [PlainRecord] {
        var random = SeededGenerator(seed: seed)
        var records: [PlainRecord] = []
        for index in 0..<count {
            var record = PlainRecord(offset: Int64(index), timestamp: 1_700_000_000_000, key: nil, value: nil)
            record.timestamp += .random(in: -5000...5000, using: &random)
            if Bool.random(using: &random) { record.key = random.bytes(.random(in: 0...40, using: &random)) }
            if index % 7 != 3 { record.value = random.bytes(.random(in: 0...largestValue, using: &random)) }
            if index % 3 == 0 {
                record.headers = [RecordHeader("trace", random.bytes(16)), RecordHeader("größe", nil)]
                record.headers.append(RecordHeader("", ""))
            }
            records.append(record)
        }
        return records
    }

    static let compressions: [Compression] = {
        var all: [Compression] = [.none, .gzip, .gzip(level: 1), .gzip(level: 9)]
        #if Snappy
        all.append(.snappy)
        #endif
        #if LZ4
        all += [.lz4, .lz4(level: 1), .lz4(level: 9), .lz4(level: 12)]
        #endif
        #if Zstd
        all += [.zstd, .zstd(level: -5), .zstd(level: 1), .zstd(level: 19)]
        #endif
        return all
    }()

    @Test(arguments: Self.compressions, [1, 2, 500])
    func writtenRecordsAreReadBack(compression: Compression, count: Int) throws {
        let records = Self.someRecords(count)
        var builder = try RecordBatchBuilder(records)
        let plainSize = builder.byteCount
        try builder.close(compression: compression)
        let slices = builder.finish(producerID: 9, producerEpoch: 2, baseSequence: 70, isTransactional: true)
        #expect(slices.count == 1 && slices[0].count == builder.encodedByteCount)
        #expect(builder.byteCount == plainSize)
        let (batch, read) = try readBatch(slices)
        #expect(read == records)
        #expect(batch.codec == compression.codec && batch.count == count && batch.baseOffset == 0)
        #expect(batch.lastOffset == Int64(count) - 1 && batch.partitionLeaderEpoch == -1)
        #expect(batch.producerID == 9 && batch.producerEpoch == 2 && batch.baseSequence == 70 && batch.isTransactional)
        #expect(batch.maxTimestamp == records.map(\.timestamp).max() && batch.maxTimestamp == builder.maxTimestamp)
        #expect(batch.timestampType == .createTime && !batch.isControl)
        if count == 500, compression != .none { #expect(builder.encodedByteCount < plainSize * 9 / 10) }
    }

    /// Several megabytes: many blocks of every codec, and buffers that have to grow.
    @Test(arguments: Self.compressions)
    func largeBatchesAreReadBack(compression: Compression) throws {
        let records = Self.someRecords(20, seed: 3, largestValue: 150_000)
        var builder = try RecordBatchBuilder(records)
        try builder.close(compression: compression)
        let (_, read) = try readBatch(builder.finish())
        #expect(read == records)
    }

    @Test func aFullBatchRefusesFurtherRecords() throws {
        let value = Bytes(repeatElement(1, count: 100))
        var builder = RecordBatchBuilder()
        // 61 bytes of header and 109 for the first record; the limit leaves room for exactly one more.
        var outcomes: [Bool] = []
        for _ in 0..<3 {
            outcomes.append(try builder.append(key: nil, value: value, headers: [], timestamp: 5, limit: 279))
        }
        #expect(outcomes == [true, true, false])
        #expect(builder.count == 2 && builder.byteCount == 279)
        let slices = builder.finish()
        #expect(try readBatch(slices).records.count == 2)
        let isTakenAfterwards = try builder.append(key: nil, value: nil, headers: [], timestamp: 5, limit: .max)
        #expect(!isTakenAfterwards)
    }

    @Test func anEmptyBatchAcceptsARecordOfAnySize() throws {
        var builder = RecordBatchBuilder()
        let value = Bytes(repeatElement(1, count: 1000))
        let isTaken = try builder.append(key: nil, value: value, headers: [], timestamp: 5, limit: 100)
        let size = builder.byteCount - RecordBatchBuilder.headerSize
        #expect(isTaken && size > 1000)
        let bound = RecordBatchBuilder.sizeUpperBound(key: nil, value: value, headers: [])
        #expect(bound >= size && bound < 1040)
    }

    @Test func finishingAgainChangesOnlyTheHeader() throws {
        for compression in Self.compressions {
            let records = Self.someRecords(50)
            var builder = try RecordBatchBuilder(records)
            try builder.close(compression: compression)
            let first = builder.finish(producerID: 9, producerEpoch: 2, baseSequence: 70)
            let copy = first.map { $0.detached() }
            let second = builder.finish(producerID: 9, producerEpoch: 3, baseSequence: 0)
            #expect(first == copy, "bytes that may be on their way to a socket were changed")
            #expect(second.count == 2 && second[1].storage === first[0].storage, "the records were copied")
            let (batch, read) = try readBatch(second)
            #expect(read == records && batch.producerEpoch == 3 && batch.baseSequence == 0)
        }
    }

    @Test func recordsCanBeExtractedForSplitting() throws {
        for compression in Self.compressions {
            let records = Self.someRecords(100)
            var builder = try RecordBatchBuilder(records)
            try builder.close(compression: compression)
            _ = builder.finish(producerID: 9, producerEpoch: 2, baseSequence: 70)
            let sequence = try builder.records()
            #expect(try sequence.all() == records)

            var halves: [PlainRecord] = []
            var half = RecordBatchBuilder()
            var iterator = sequence.makeIterator()
            while let record = try iterator.next() {
                _ = try half.append(
                    key: sequence.key(of: record), value: sequence.value(of: record),
                    headers: sequence.headers(of: record), timestamp: record.timestamp, limit: .max)
                guard half.count == 50 else { continue }
                let base = Int64(halves.count)
                halves += try readBatch(half.finish()).records.map { record in
                    var moved = record
                    moved.offset += base
                    return moved
                }
                half = RecordBatchBuilder()
            }
            #expect(halves == records)
        }
    }

    @Test func allTimestampsArePreserved() throws {
        let times: [Int64] = [0, .max, .min, -1, 1_700_000_000_000]
        let records = times.enumerated().map { PlainRecord(offset: Int64($0), timestamp: $1, key: nil, value: "") }
        var builder = try RecordBatchBuilder(records)
        let slices = builder.finish()
        #expect(try readBatch(slices).records == records)
        #expect(builder.maxTimestamp == .max)
    }

    @Test func aFailedCompressionLeavesTheBatchAsItWas() throws {
        #if !Zstd
        let records = Self.someRecords(3)
        var builder = try RecordBatchBuilder(records)
        let error = CompressionError.unavailable(.zstd, trait: "Zstd")
        do {
            try builder.close(compression: .zstd)
            Issue.record("zstd was not there, and nobody said so")
        } catch let thrown { #expect(thrown == error) }
        let isClosed = builder.isClosed
        #expect(!isClosed)
        let slices = builder.finish()
        #expect(try readBatch(slices).records == records)
        #endif
    }
}
