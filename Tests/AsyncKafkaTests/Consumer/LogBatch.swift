// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

@testable import EmbeddedKafka

/// Batches as brokers send them, with offsets, epochs and markers, including damaged ones.
enum LogBatch {
    /// A batch of records with these values, starting at `offset`.
    static func records(
        _ values: [String], at offset: Int64, leaderEpoch: Int32 = 0, producerID: Int64 = -1, sequence: Int32 = 0,
        isTransactional: Bool = false, compression: Compression = .none
    ) throws -> Bytes {
        var builder = RecordBatchBuilder()
        for (index, value) in values.enumerated() {
            _ = try builder.append(
                key: nil, value: Bytes(value), headers: [], timestamp: 1000 + Int64(index), limit: .max)
        }
        try builder.close(compression: compression)
        let slices = builder.finish(
            producerID: producerID, producerEpoch: producerID < 0 ? -1 : 0,
            baseSequence: producerID < 0 ? -1 : sequence,
            isTransactional: isTransactional)
        return try self.parsed(self.joined(slices)).appended(atOffset: offset, partitionLeaderEpoch: leaderEpoch)
    }

    /// The marker that ends a transaction.
    static func marker(_ kind: ControlRecord.Kind, producerID: Int64, at offset: Int64) -> Bytes {
        ControlRecord(kind: kind, coordinatorEpoch: 0).batch(
            baseOffset: offset, partitionLeaderEpoch: 0, producerID: producerID, producerEpoch: 0, timestamp: 1000)
    }

    /// A gzipped marker whose record is followed by this many zeros. No broker writes such a batch.
    static func compressedMarker(_ kind: ControlRecord.Kind, producerID: Int64, at offset: Int64, zeros: Int) throws
        -> Bytes
    {
        let marker = Array(self.marker(kind, producerID: producerID, at: offset))
        var output = CompressionBuffer(codec: .gzip, sizeHint: 0, limit: .max - 1)
        try Bytes(marker[61...] + repeatElement(0, count: zeros)).withUnsafeBytes { (input) throws(CompressionError) in
            try Gzip.compress(input, level: nil, into: &output)
        }
        var bytes = marker[..<61] + Array(try output.finish())
        bytes[22] |= UInt8(CompressionCodec.gzip.rawValue)
        withUnsafeBytes(of: Int32(bytes.count - 12).bigEndian) { bytes.replaceSubrange(8..<12, with: $0) }
        return self.withChecksum(Bytes(bytes))
    }

    /// The batch with one byte changed, by default in one of its records, so that its checksum is wrong.
    static func damaged(_ batch: Bytes, at position: Int? = nil) -> Bytes {
        var bytes = Array(batch)
        bytes[position ?? bytes.count - 3] ^= 0x55
        return Bytes(bytes)
    }

    /// A batch without records after compaction, whose header covers the offsets from `offset` to `last`.
    static func compactedAway(from offset: Int64, to last: Int64) throws -> Bytes {
        var bytes = Array(try self.records(["gone"], at: offset)[0..<61])
        func put<Integer: FixedWidthInteger>(_ value: Integer, at position: Int) {
            withUnsafeBytes(of: value.bigEndian) { bytes.replaceSubrange(position..<position + $0.count, with: $0) }
        }
        put(Int32(bytes.count - 12), at: 8)
        put(Int32(last - offset), at: 23)
        put(Int32(0), at: 57)
        return self.withChecksum(Bytes(bytes))
    }

    /// The batch with the correct checksum of its bytes.
    static func withChecksum(_ batch: Bytes) -> Bytes {
        var bytes = Array(batch)
        let checksum = bytes[21...].withUnsafeBytes { CRC32C.checksum(of: $0) }
        withUnsafeBytes(of: checksum.bigEndian) { bytes.replaceSubrange(17..<21, with: $0) }
        return Bytes(bytes)
    }

    /// The concatenated slices.
    static func joined(_ slices: [Bytes]) -> Bytes {
        if slices.count == 1 { return slices[0] }
        return Bytes(slices.flatMap { Array($0) })
    }

    static func parsed(_ bytes: Bytes) throws -> RecordBatch {
        var reader = RecordBatchReader(bytes)
        guard let batch = try reader.next() else { throw ProtocolError.malformed("no batch") }
        return batch
    }
}

extension EmbeddedKafka {
    /// Appends batches to a partition's log unchanged, including damaged ones, at its end regardless of their offsets.
    func store(_ batches: [Bytes], in topic: String, partition: Int = 0) async throws {
        try await self.onPartition(topic, partition) { cluster, partition throws(EmbeddedKafkaError) in
            for bytes in batches {
                do {
                    _ = try partition.log.append(
                        try LogBatch.parsed(bytes), leaderEpoch: partition.leaderEpoch, now: 0)
                } catch {
                    throw EmbeddedKafkaError("\(error)")
                }
            }
            cluster.wakeFetches(of: partition)
        }
    }
}
