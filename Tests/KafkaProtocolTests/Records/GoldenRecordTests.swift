// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaProtocol
import Testing

/// Batches and message sets written by Kafka's own classes.
@Suite struct GoldenRecordTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var magic: Int8
        var codec: String
        var timestampType: String
        var count: Int
        var bytes: Bytes
        var records: [PlainRecord]

        var testDescription: String { "v\(self.magic) \(self.codec) \(self.timestampType) \(self.count)" }

        static func all() throws -> [Row] {
            try GoldenFile("records.tsv").rows.map { columns in
                try Row(
                    magic: #require(Int8(columns[0].dropFirst())), codec: columns[1], timestampType: columns[2],
                    count: #require(Int(columns[3])), bytes: #require(Bytes(hexadecimal: columns[4])),
                    records: PlainRecord.list(json: columns[5]))
            }
        }
    }

    @Test func everyGoldenBatchIsRead() throws {
        let rows = try Row.all()
        #expect(rows.count > 60 || ProcessInfo.processInfo.environment["KAFKA_GOLDEN"] != nil)
        for row in rows where row.codec != "control" {
            var reader = RecordBatchReader(row.bytes)
            let batches = try reader.all()
            #expect(reader.cutOff == nil)
            // Without the codec's trait this is an error, which CompressionTests covers.
            guard batches.allSatisfy({ $0.codec?.isInThisBuild == true }) else { continue }
            var records: [PlainRecord] = []
            for batch in batches {
                try batch.validateChecksum()
                #expect(batch.magic == row.magic, "\(row)")
                #expect(batch.codec?.description == row.codec, "\(row)")
                #expect((batch.timestampType == .logAppendTime) == (row.timestampType == "LogAppendTime"), "\(row)")
                #expect(!batch.isControl)
                let sequence = try batch.records()
                try sequence.validate()
                records += try sequence.all()
            }
            #expect(records == row.records, "\(row)")
            #expect(batches.last?.lastOffset == row.records.last?.offset, "\(row)")
            #expect(batches.map(\.maxTimestamp).max() == row.records.map(\.timestamp).max(), "\(row)")
            if row.magic == 2, let batch = batches.first {
                #expect(batches.count == 1 && batch.count == row.count && batch.baseOffset == row.records[0].offset)
                let isIdempotent = row.count >= 3
                #expect(batch.producerID == (isIdempotent ? 4001 : -1), "\(row)")
                #expect(batch.producerEpoch == (isIdempotent ? 7 : -1), "\(row)")
                #expect(batch.baseSequence == (isIdempotent ? 42 : -1), "\(row)")
                #expect(batch.lastSequence == (isIdempotent ? 41 + Int32(row.count) : -1), "\(row)")
                #expect(batch.isTransactional == (row.count == 200), "\(row)")
            }
        }
    }

    @Test func controlBatchesAreReadAndWritten() throws {
        let rows = try Row.all().filter { $0.codec == "control" }
        #expect(!rows.isEmpty)
        for row in rows {
            var reader = RecordBatchReader(row.bytes)
            let batch = try #require(try reader.next())
            try batch.validateChecksum()
            #expect(batch.isControl && batch.isTransactional && batch.count == 1)
            let records = try batch.records()
            var iterator = records.makeIterator()
            let record = try #require(try iterator.next())
            let marker = try ControlRecord(record, in: records)
            #expect(marker.kind == (row.timestampType == "ABORT" ? .abort : .commit))
            #expect(marker.coordinatorEpoch == 11)
            let written = marker.batch(
                baseOffset: batch.baseOffset, partitionLeaderEpoch: batch.partitionLeaderEpoch,
                producerID: batch.producerID, producerEpoch: batch.producerEpoch, timestamp: batch.maxTimestamp)
            #expect(written == row.bytes)
        }
    }

    /// Without compression, the library encodes the same records to the same bytes.
    @Test func uncompressedBatchesMatchKafkasByteForByte() throws {
        for row in try Row.all() where row.magic == 2 && row.codec == "none" && row.timestampType == "CreateTime" {
            var builder = try RecordBatchBuilder(row.records)
            #expect(builder.byteCount == row.bytes.count)
            let written =
                row.count >= 3
                ? builder.finish(
                    producerID: 4001, producerEpoch: 7, baseSequence: 42, isTransactional: row.count == 200)
                : builder.finish()
            var reader = RecordBatchReader(row.bytes)
            let golden = try #require(try reader.next())
            var ours = RecordBatchReader(try #require(written.first))
            let batch = try #require(try ours.next())
            let appended = batch.appended(
                atOffset: golden.baseOffset, partitionLeaderEpoch: golden.partitionLeaderEpoch)
            #expect(written.count == 1 && appended == row.bytes, "\(row)")
        }
    }

    @Test func logAppendTimeIsSetAsByABroker() throws {
        let rows = try Row.all()
        let row = try #require(rows.first { $0.magic == 2 && $0.codec == "none" && $0.count == 200 })
        var reader = RecordBatchReader(row.bytes)
        let batch = try #require(try reader.next())
        let stamped = batch.appended(atOffset: 5000, partitionLeaderEpoch: 9, logAppendTime: 1_800_000_000_000)
        let (read, records) = try readBatch([stamped])
        #expect(read.timestampType == .logAppendTime && read.partitionLeaderEpoch == 9 && read.baseOffset == 5000)
        #expect(records.allSatisfy { $0.timestamp == 1_800_000_000_000 })
        #expect(records.map(\.value) == row.records.map(\.value))
        #expect(read.producerID == 4001)
    }
}

extension PlainRecord {
    private struct Form: Decodable {
        var offset: Int64
        var timestamp: Int64
        var key: String?
        var value: String?
        var headers: [[String?]]
    }

    static func list(json text: String) throws -> [PlainRecord] {
        try JSONDecoder().decode([Form].self, from: Data(text.utf8)).map { form in
            PlainRecord(
                offset: form.offset, timestamp: form.timestamp, key: form.key.map { Bytes($0) },
                value: form.value.map { Bytes($0) },
                headers: form.headers.map { RecordHeader($0[0] ?? "", $0[1].map { Bytes($0) }) })
        }
    }
}

extension CompressionCodec {
    fileprivate var isInThisBuild: Bool {
        do {
            _ = try self.algorithm()
            return true
        } catch {
            return false
        }
    }
}
