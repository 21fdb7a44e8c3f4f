// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// The maximum number of decompressed bytes.
private let decompressionLimit = 1 << 20

/// Fuzzes the readers of record batches and message sets, as in a Fetch response.
func fuzzRecords(_ bytes: Bytes) {
    var reader = RecordBatchReader(bytes)
    while let batch = try? reader.next() {
        precondition(batch.bytes.count <= bytes.count && batch.nextOffset > batch.lastOffset)
        // Nearly all mutations break the checksum. Computing it must be safe, but a mismatch is ignored here.
        _ = try? batch.validateChecksum()
        if batch.magic == 2 { _ = batch.appended(atOffset: 7, partitionLeaderEpoch: 1, logAppendTime: 9) }
        guard let records = try? batch.records(decompressionLimit: decompressionLimit) else { continue }
        precondition(records.bytes.count <= max(2 * decompressionLimit, bytes.count))
        fuzzWalk(records, of: batch)
    }
}

private func fuzzWalk(_ records: RecordSequence, of batch: RecordBatch) {
    var builder = RecordBatchBuilder()
    var expected: [(key: Bytes?, value: Bytes?, headers: [RecordHeader], timestamp: Int64)] = []
    var iterator = records.makeIterator()
    do {
        while let record = try iterator.next() {
            precondition(record.offset >= records.baseOffset && record.offset <= batch.lastOffset)
            if batch.isControl { _ = try? ControlRecord(record, in: records) }
            let key = records.key(of: record)
            let value = records.value(of: record)
            let headers = records.headers(of: record)
            precondition(headers.count == Int(record.headerCount))
            expected.append((key, value, headers, record.timestamp))
            _ = try builder.append(
                key: key, value: value, headers: headers, timestamp: record.timestamp, limit: .max)
        }
    } catch {
        precondition((try? records.validate()) == nil)
        return
    }
    precondition((try? records.validate()) != nil)
    precondition(expected.count == records.count)
    guard !expected.isEmpty else { return }

    // The decoded records must be the same after encoding and decoding them again.
    let codec = CompressionCodec(rawValue: batch.codecNumber) ?? .none
    let compression: Compression =
        codec == .zstd ? .zstd(level: 1) : codec == .lz4 ? .lz4 : codec == .snappy ? .snappy : .none
    do {
        try builder.close(compression: compression)
        var reader = RecordBatchReader(builder.finish(producerID: 1, producerEpoch: 1, baseSequence: 1)[0])
        guard let written = try reader.next() else { preconditionFailure("what was written is no batch") }
        try written.validateChecksum()
        let again = try written.records()
        var iterator = again.makeIterator()
        for record in expected {
            guard let read = try iterator.next() else { preconditionFailure("a record was lost") }
            precondition(again.key(of: read) == record.key && again.value(of: read) == record.value)
            precondition(again.headers(of: read) == record.headers && read.timestamp == record.timestamp)
        }
        let end = try iterator.next()
        precondition(end == nil)
    } catch {
        preconditionFailure("what was written can't be read: \(error)")
    }
}

/// Fuzzes decompression. The input has a codec's number and the compressed bytes.
func fuzzDecompression(_ bytes: Bytes) {
    guard let number = bytes.first, let codec = CompressionCodec(rawValue: Int8(number & 7)) else { return }
    var compressed = bytes[1..<bytes.count]
    if number & 8 != 0 { compressed = LZ4HeaderChecksum.repaired(compressed) }
    guard let plain = try? codec.decompress(compressed, limit: decompressionLimit) else { return }
    precondition(plain.count <= decompressionLimit)
}
