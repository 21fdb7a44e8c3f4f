// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// A record in a form that tests can compare.
struct PlainRecord: Equatable, Sendable {
    var offset: Int64
    var timestamp: Int64
    var key: Bytes?
    var value: Bytes?
    var headers: [RecordHeader] = []
}

extension RecordSequence {
    /// Returns all records, decoded.
    func all() throws(RecordBatchError) -> [PlainRecord] {
        var records: [PlainRecord] = []
        var iterator = self.makeIterator()
        while let record = try iterator.next() {
            records.append(
                PlainRecord(
                    offset: record.offset, timestamp: record.timestamp, key: self.key(of: record),
                    value: self.value(of: record), headers: self.headers(of: record)))
        }
        return records
    }
}

extension RecordBatchReader {
    /// Returns all batches.
    mutating func all() throws(RecordBatchError) -> [RecordBatch] {
        var batches: [RecordBatch] = []
        while let batch = try self.next() { batches.append(batch) }
        return batches
    }
}

/// Reads one batch and its records, as a consumer does.
func readBatch(_ slices: [Bytes]) throws -> (batch: RecordBatch, records: [PlainRecord]) {
    var reader = RecordBatchReader(Bytes(slices.flatMap(Array.init)))
    guard let batch = try reader.next() else { throw RecordBatchError(.malformed("no batch")) }
    try batch.validateChecksum()
    return (batch, try batch.records().all())
}

extension RecordBatchBuilder {
    /// Creates a batch of records with offsets from 0.
    init(_ records: [PlainRecord]) throws {
        self.init()
        for record in records {
            _ = try self.append(
                key: record.key, value: record.value, headers: record.headers, timestamp: record.timestamp, limit: .max)
        }
    }
}

/// A small generator with a seed, so that failures are reproducible.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var value = self.state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    /// Returns random bytes in which every eight bytes occur twice, so that they can be compressed.
    mutating func bytes(_ count: Int) -> Bytes {
        var words: [UInt64] = []
        for _ in 0..<(count + 15) / 16 {
            let word = self.next()
            words += [word, word]
        }
        return words.withUnsafeBytes { Bytes(copying: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
}
