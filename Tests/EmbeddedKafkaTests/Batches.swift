// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Returns a record batch with these values, of an idempotent producer if `producerID` is given.
func batch(
    _ values: [String], producerID: Int64 = -1, epoch: Int16 = -1, sequence: Int32 = -1, timestamp: Int64 = 1000,
    compression: Compression = .none, isTransactional: Bool = false
) throws -> Bytes {
    var builder = RecordBatchBuilder()
    for (index, value) in values.enumerated() {
        _ = try builder.append(
            key: nil, value: Bytes(value), headers: [], timestamp: timestamp + Int64(index), limit: .max)
    }
    try builder.close(compression: compression)
    let slices = builder.finish(
        producerID: producerID, producerEpoch: epoch, baseSequence: sequence, isTransactional: isTransactional)
    return joined(slices)
}

/// Concatenates the slices.
func joined(_ slices: [Bytes]) -> Bytes {
    if slices.count == 1 { return slices[0] }
    var whole: [UInt8] = []
    for slice in slices { slice.withUnsafeBytes { whole.append(contentsOf: $0) } }
    return Bytes(whole)
}

/// Parses the batch, as the log takes it.
func parsed(_ bytes: Bytes) throws -> RecordBatch {
    var reader = RecordBatchReader(bytes)
    guard let batch = try reader.next() else { throw ProtocolError.malformed("no batch") }
    return batch
}

/// Returns the values in these batches with their offsets.
func records(in slices: [Bytes]) throws -> [(offset: Int64, value: String)] {
    var found: [(offset: Int64, value: String)] = []
    var reader = RecordBatchReader(joined(slices))
    while let batch = try reader.next() {
        try batch.validateChecksum()
        let records = try batch.records()
        var iterator = records.makeIterator()
        while let record = try iterator.next() {
            found.append((record.offset, String(decoding: records.value(of: record) ?? Bytes(), as: UTF8.self)))
        }
    }
    return found
}
