// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@Suite struct RecordBatchReaderTests {
    private static func encoded(
        _ records: [PlainRecord] = RecordBatchBuilderTests.someRecords(20), compression: Compression = .none
    ) throws -> [UInt8] {
        var builder = try RecordBatchBuilder(records)
        try builder.close(compression: compression)
        return builder.finish(producerID: 1, producerEpoch: 1, baseSequence: 1).flatMap(Array.init)
    }

    private static func put<Integer: FixedWidthInteger>(_ value: Integer, at offset: Int, in bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
    }

    /// Applies a change to header fields and corrects the checksum.
    private static func changed(_ bytes: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes = bytes
        change(&bytes)
        Self.put(
            bytes.withUnsafeBytes { CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: $0[21...])) }, at: 17,
            in: &bytes)
        return bytes
    }

    /// Returns the error thrown by reading all of the records.
    private static func failure(of bytes: [UInt8], limit: Int = 1 << 20) -> RecordBatchError? {
        do throws(RecordBatchError) {
            var reader = RecordBatchReader(Bytes(bytes))
            while let batch = try reader.next() {
                try batch.validateChecksum()
                try batch.records(decompressionLimit: limit).validate()
            }
            return nil
        } catch {
            return error
        }
    }

    private static func isMalformed(_ error: RecordBatchError?) -> Bool {
        if case .malformed = error?.reason { true } else { false }
    }

    @Test func consecutiveBatchesAreRead() throws {
        let one = try Self.encoded()
        var reader = RecordBatchReader(Bytes(one + one + one))
        let batches = try reader.all()
        #expect(batches.count == 3)
        #expect(reader.cutOff == nil && reader.consumedByteCount == 3 * one.count)
    }

    @Test func aBatchTruncatedAtAnyByteIsOmittedAndReported() throws {
        let whole = try Self.encoded()
        for size in 0..<whole.count {
            var reader = RecordBatchReader(Bytes(whole + whole[..<size]))
            let batches = try reader.all()
            #expect(batches.count == 1)
            let expected: RecordBatchReader.CutOffBatch? =
                switch size {
                case 0: nil
                case ..<8: .init()
                case ..<12: .init(baseOffset: 0)
                default: .init(baseOffset: 0, byteCount: whole.count)
                }
            #expect(reader.cutOff == expected, "after \(size) bytes")
        }
    }

    @Test(arguments: RecordBatchBuilderTests.compressions)
    func everyChangedByteIsDetected(compression: Compression) throws {
        let whole = try Self.encoded(compression: compression)
        // The checksum doesn't cover the leader epoch and the base offset, which brokers change.
        for position in whole.indices where position >= 16 {
            var damaged = whole
            damaged[position] ^= 0x10
            let error = try #require(Self.failure(of: damaged), "byte \(position)")
            if position >= 21 {
                // Except for fields that are validated before the checksum.
                guard case .checksumMismatch = error.reason else {
                    #expect(Self.isMalformed(error) && (23..<27).contains(position) || (57..<61).contains(position))
                    continue
                }
                #expect(error.baseOffset == 0)
            }
        }
    }

    /// Damaged records with a correct checksum: never a trap, but an error or records, no more than there are bytes.
    @Test(arguments: RecordBatchBuilderTests.compressions)
    func damagedRecordsAreErrorsOrRecords(compression: Compression) throws {
        let whole = try Self.encoded(compression: compression)
        var errors = 0
        for position in whole.indices where position >= RecordBatchBuilder.headerSize {
            for change in [0x01, 0x80, 0xff] as [UInt8] {
                let damaged = Self.changed(whole) { $0[position] ^= change }
                if let error = Self.failure(of: damaged) {
                    errors += 1
                    switch error.reason {
                    case .malformed, .compression: break
                    default: Issue.record("\(error)")
                    }
                }
            }
        }
        #expect(errors > 0)
    }

    @Test func inconsistentHeadersAreErrors() throws {
        let whole = try Self.encoded()
        for count in [-1, 0, 19, 21, .max] as [Int32] {
            let error = Self.failure(of: Self.changed(whole) { Self.put(count, at: 57, in: &$0) })
            #expect(Self.isMalformed(error), "count \(count)")
        }
        // Readers reserve room for the claimed number of records.
        #expect(throws: RecordBatchError.self) {
            var reader = RecordBatchReader(Bytes(Self.changed(whole) { Self.put(.max as Int32, at: 57, in: &$0) }))
            _ = try reader.next()?.records()
        }
        for delta in [-1, .min, 0, 18] as [Int32] {
            let error = Self.failure(of: Self.changed(whole) { Self.put(delta, at: 23, in: &$0) })
            #expect(Self.isMalformed(error), "last offset delta \(delta)")
        }
        for length in [-1, .min, 0, 13, 48] as [Int32] {
            let error = Self.failure(of: Self.changed(whole) { Self.put(length, at: 8, in: &$0) })
            #expect(Self.isMalformed(error), "length \(length)")
        }
        for offset in [-1, .min, .max] as [Int64] {
            let error = Self.failure(of: Self.changed(whole) { Self.put(offset, at: 0, in: &$0) })
            #expect(Self.isMalformed(error), "offset \(offset)")
        }
        let future = Self.failure(of: Self.changed(whole) { $0[16] = 3 })
        #expect(future?.reason == .unsupportedMagic(3))
        let codec = Self.failure(of: Self.changed(whole) { $0[22] |= 5 })
        #expect(codec?.reason == .compression(.unknownCodec(5)))
        // Unknown attribute bits are ignored.
        #expect(Self.failure(of: Self.changed(whole) { Self.put(0x7fc0 as Int16, at: 21, in: &$0) }) == nil)
    }

    /// Hand-made records, each with one defect.
    @Test(
        arguments: [
            ("a negative length", [0x01, 0, 0, 0, 1, 1, 0]),
            ("a length that runs on", [0x10, 0, 0, 0, 1, 1, 0]),
            ("a length that is too small", [0x0a, 0, 0, 0, 1, 1, 0]),
            ("a key length below -1", [0x0c, 0, 0, 0, 3, 1, 0]),
            ("a value length below -1", [0x0c, 0, 0, 0, 1, 3, 0]),
            ("a key that runs on", [0x0c, 0, 0, 0, 8, 1, 0]),
            ("a value that runs on", [0x0c, 0, 0, 0, 1, 8, 0]),
            ("a value that runs on very far", [0x16, 0, 0, 0, 1, 0xfe, 0xff, 0xff, 0xff, 0x1f, 0, 0]),
            (
                "a varint without an end",
                [0x1a, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]
            ),
            ("headers that aren't there", [0x0c, 0, 0, 0, 1, 1, 2]),
            ("a negative number of headers", [0x0c, 0, 0, 0, 1, 1, 1]),
            ("a header with a null name", [0x10, 0, 0, 0, 1, 1, 2, 1, 1]),
            ("a header whose value runs on", [0x10, 0, 0, 0, 1, 1, 2, 0, 4]),
            ("an offset before the batch", [0x0c, 0, 0, 1, 1, 1, 0]),
            ("an offset behind the batch", [0x0c, 0, 0, 2, 1, 1, 0]),
            ("nothing at all", []),
            ("bytes after the last record", [0x0c, 0, 0, 0, 1, 1, 0, 0]),
        ] as [(String, [UInt8])])
    func malformedRecordsAreErrors(what: String, records: [UInt8]) throws {
        let good: [UInt8] = [0x0c, 0, 0, 0, 1, 1, 0]
        var header = try Self.encoded([PlainRecord(offset: 0, timestamp: 0, key: nil, value: nil)])
        #expect(Array(header[61...]) == good)
        header = Array(header[..<61])
        Self.put(Int32(49 + records.count), at: 8, in: &header)
        let error = Self.failure(of: Self.changed(header) { $0 += records })
        #expect(Self.isMalformed(error))
        #expect(error?.baseOffset == 0)
    }

    @Test func anEmptyBatchAdvancesThePosition() throws {
        // What compaction leaves of a batch whose records have all been removed.
        let empty = Self.changed(Array(try Self.encoded()[..<61])) {
            Self.put(49 as Int32, at: 8, in: &$0)
            Self.put(0 as Int32, at: 57, in: &$0)
        }
        let (batch, records) = try readBatch([Bytes(empty)])
        #expect(records.isEmpty && batch.count == 0 && batch.lastOffset == 19 && batch.nextOffset == 20)
    }

    @Test func sequencesContinueAtZero() throws {
        var builder = try RecordBatchBuilder(RecordBatchBuilderTests.someRecords(5))
        let (batch, _) = try readBatch(builder.finish(producerID: 1, producerEpoch: 0, baseSequence: .max - 1))
        #expect(batch.lastSequence == 2)
    }

    @Test func headerNamesThatAreNotUTF8AreRepaired() throws {
        let record: [UInt8] = [0x12, 0, 0, 0, 1, 1, 2, 2, 0xff, 1]
        var header = Array(try Self.encoded([PlainRecord(offset: 0, timestamp: 0, key: nil, value: nil)])[..<61])
        Self.put(Int32(49 + record.count), at: 8, in: &header)
        let (_, records) = try readBatch([Bytes(Self.changed(header) { $0 += record })])
        #expect(records[0].headers == [RecordHeader("\u{fffd}", nil)])
    }
}
