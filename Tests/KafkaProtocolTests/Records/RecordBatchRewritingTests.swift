// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

/// Batches with fewer records or another compression, as a broker makes them.
@Suite struct RecordBatchRewritingTests {
    private func batch(
        _ values: [String], compression: Compression = .none, isTransactional: Bool = false
    ) throws -> RecordBatch {
        var builder = RecordBatchBuilder()
        for (index, value) in values.enumerated() {
            _ = try builder.append(
                key: Bytes("k\(index)"), value: Bytes(value), headers: [RecordHeader("h", Bytes("\(index)"))],
                timestamp: 1000 + Int64(index), limit: .max)
        }
        try builder.close(compression: compression)
        let slices = builder.finish(
            producerID: 5, producerEpoch: 1, baseSequence: 10, isTransactional: isTransactional)
        return try self.parsed(Bytes(slices.flatMap { Array($0) }))
    }

    private func parsed(_ bytes: Bytes) throws -> RecordBatch {
        var reader = RecordBatchReader(bytes)
        return try #require(try reader.next())
    }

    /// The records as `offset@timestamp key=value header`.
    private func lines(_ batch: RecordBatch) throws -> [String] {
        let records = try batch.records()
        var lines: [String] = []
        var iterator = records.makeIterator()
        while let view = try iterator.next() {
            func text(_ bytes: Bytes?) -> String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? "nil" }
            lines.append(
                "\(view.offset)@\(view.timestamp) \(text(records.key(of: view)))=\(text(records.value(of: view))) "
                    + text(records.headers(of: view)["h"]))
        }
        return lines
    }

    @Test func recordsThatStayKeepTheirPlaces() throws {
        let original = try self.batch(["a", "b", "c"], isTransactional: true)
        let stored = try self.parsed(original.appended(atOffset: 100, partitionLeaderEpoch: 3))
        let shorter = try stored.rewritten { view, _ in view.offset != 101 }
        try shorter.validateChecksum()
        #expect(try self.lines(shorter) == ["100@1000 k0=a 0", "102@1002 k2=c 2"])
        #expect([shorter.baseOffset, shorter.lastOffset, shorter.maxTimestamp] == [100, 102, 1002])
        #expect(shorter.isTransactional && !shorter.isControl)
        #expect(shorter.partitionLeaderEpoch == 3)
        #expect([shorter.baseSequence, shorter.lastSequence] == [10, 12])
        #expect(try stored.rewritten { view, _ in view.offset == 100 }.maxTimestamp == 1000)
    }

    @Test func aBatchWithoutRecordsSaysWhereItEnds() throws {
        let empty = try self.batch(["a", "b"], compression: .gzip).rewritten { _, _ in false }
        try empty.validateChecksum()
        #expect(try self.lines(empty) == [])
        #expect(empty.count == 0)
        #expect(empty.nextOffset == 2)
        #expect(empty.bytes.count == RecordBatchBuilder.headerSize)
    }

    @Test(arguments: [Compression.none, .gzip, .snappy, .lz4, .zstd])
    func theCompressionCanChange(_ compression: Compression) throws {
        let values = ["a", "b"].map { String(repeating: $0, count: 1000) }
        let original = try self.batch(values, compression: .gzip)
        let other = try original.rewritten(compression: compression)
        try other.validateChecksum()
        #expect(other.codec == compression.codec)
        #expect(try self.lines(other) == self.lines(original))
    }

    @Test func logAppendTimeStays() throws {
        let original = try self.batch(["a", "b"])
        let stored = try self.parsed(original.appended(atOffset: 0, partitionLeaderEpoch: 0, logAppendTime: 5000))
        let shorter = try stored.rewritten { view, _ in view.offset == 1 }
        try shorter.validateChecksum()
        #expect(try self.lines(shorter) == ["1@5000 k1=b 1"])
        #expect(shorter.timestampType == .logAppendTime)
        #expect(shorter.maxTimestamp == 5000)
    }
}
