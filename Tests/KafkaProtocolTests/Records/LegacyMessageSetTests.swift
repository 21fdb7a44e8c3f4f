// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The memory used by compressed message sets in the formats before 0.11.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LegacyMessageSetTests {
    private func integer<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    /// A message of magic 1. Its checksum doesn't matter here.
    private func message(_ offset: Int64, attributes: UInt8 = 0, value: [UInt8]?) -> [UInt8] {
        let body: [UInt8] =
            [1, attributes] + self.integer(Int64(1000)) + self.integer(Int32(-1))
            + self.integer(Int32(value?.count ?? -1)) + (value ?? [])
        return self.integer(offset) + self.integer(Int32(body.count + 4)) + [0, 0, 0, 0] + body
    }

    private func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
        var output = CompressionBuffer(codec: .gzip, sizeHint: 0, limit: 1 << 30)
        try Bytes(bytes).withUnsafeBytes { (input) throws(CompressionError) in
            try Gzip.compress(input, level: nil, into: &output)
        }
        return Array(try output.finish())
    }

    private var mostMemory: Int {
        var usage = rusage()
        #if canImport(Glibc)
        _ = getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        #else
        _ = getrusage(RUSAGE_SELF, &usage)
        #endif
        #if canImport(Darwin)
        return Int(usage.ru_maxrss)
        #else
        return Int(usage.ru_maxrss) * 1024
        #endif
    }

    /// Messages without key and value are the smallest, so the memory for their bookkeeping must not exceed their size.
    @Test func aSetTakesLessThanTwiceTheMemoryOfItsContents() throws {
        let limit = 24 << 20
        let each = self.message(0, value: nil).count
        // The same thousand messages repeatedly, as members of one gzip stream, so that the test itself uses little
        // memory.
        let some = try self.gzipped((0..<1000).flatMap { self.message(Int64($0), value: nil) })
        let rounds = limit / (1000 * each)
        var compressed: [UInt8] = []
        for _ in 0..<rounds { compressed += some }
        let set = Bytes(self.message(999, attributes: 1, value: compressed))
        var reader = RecordBatchReader(set)
        let batch = try #require(try reader.next())
        let before = self.mostMemory
        let records = try batch.records(decompressionLimit: limit)
        let more = self.mostMemory - before
        #expect(records.count == rounds * 1000)
        #expect(more < 2 * limit, "\(more >> 20) MiB for at most \(limit >> 20)")
        var iterator = records.makeIterator()
        var last: Int64?
        while let record = try iterator.next() { last = record.offset }
        #expect(last == 999)
    }

    @Test func aSetAboveTheLimitIsRefused() throws {
        let set = Bytes(
            self.message(
                9, attributes: 1, value: try self.gzipped((0..<10).flatMap { self.message(Int64($0), value: [1]) })))
        var reader = RecordBatchReader(set)
        let batch = try #require(try reader.next())
        #expect(throws: RecordBatchError.self) { try batch.records(decompressionLimit: 300) }
        #expect(try batch.records(decompressionLimit: 400).count == 10)
    }
}
