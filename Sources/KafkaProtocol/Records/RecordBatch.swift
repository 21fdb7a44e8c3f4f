// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// A record batch as received: the decoded header, and the records, which may be compressed, as a slice of the
/// response.
///
/// It can also be a legacy message (magic 0 or 1), which counts as a batch of one, or a compressed legacy message set.
/// Fields that those formats lack have the values that Kafka's own clients report.
package struct RecordBatch: Sendable {
    /// The decompression limit for callers without a better one: larger than any sensible batch, small enough to
    /// allocate.
    package static let defaultDecompressionLimit = 256 << 20

    /// The batch, including the header.
    package let bytes: Bytes
    /// The format: 2 for record batches, 0 or 1 for legacy messages.
    package let magic: Int8
    /// The first offset. For a compressed legacy set, the last one, because only its records have the first.
    package let baseOffset: Int64
    /// The last offset. The next batch begins after it, even if compaction has removed records from this one.
    package let lastOffset: Int64
    /// The number of records, which can be 0, or nil for a compressed legacy set.
    package let count: Int?
    /// The epoch of the leader that appended the batch, or -1 if it is unknown.
    package let partitionLeaderEpoch: Int32
    /// The number of the codec, which can be an unknown one.
    package let codecNumber: Int8
    /// The source of the records' timestamps.
    package let timestampType: TimestampType
    /// The timestamp to which the records' timestamp deltas are added.
    package let baseTimestamp: Int64
    /// The largest timestamp of the records, or their common one for log append time. In milliseconds since 1970.
    package let maxTimestamp: Int64
    /// The ID of the idempotent producer that wrote the batch, or -1.
    package let producerID: Int64
    /// The epoch of that producer, or -1.
    package let producerEpoch: Int16
    /// The sequence number of the first record, or -1.
    package let baseSequence: Int32
    /// Whether the batch is part of a transaction.
    package let isTransactional: Bool
    /// Whether the batch has a control record (see `ControlRecord`) instead of users' records.
    package let isControl: Bool

    /// The codec, or nil if its number is unknown.
    package var codec: CompressionCodec? { CompressionCodec(rawValue: self.codecNumber) }
    /// The offset after the last one.
    package var nextOffset: Int64 { self.lastOffset + 1 }
    /// The sequence number of the last record, or -1. Sequence numbers wrap around to 0.
    package var lastSequence: Int32 {
        guard self.baseSequence >= 0 else { return -1 }
        let last = Int64(self.baseSequence) + (self.lastOffset - self.baseOffset)
        return Int32(truncatingIfNeeded: last & 0x7fff_ffff)
    }

    /// Decodes the header. `bytes` are exactly one batch by its length field, and at least as long as its magic
    /// requires.
    init(_ bytes: Bytes, magic: Int8) throws(RecordBatchError) {
        self = magic == 2 ? try Self(current: bytes) : try Self(legacy: bytes, magic: magic)
    }

    private init(current bytes: Bytes) throws(RecordBatchError) {
        typealias Offset = RecordBatchHeader.Offset
        typealias Attribute = RecordBatchHeader.Attribute

        let attributes = bytes.loadInteger(at: Offset.attributes, as: Int16.self)
        let lastOffsetDelta = bytes.loadInteger(at: Offset.lastOffsetDelta, as: Int32.self)
        let count = bytes.loadInteger(at: Offset.count, as: Int32.self)
        self.bytes = bytes
        self.magic = 2
        self.baseOffset = bytes.loadInteger(at: Offset.baseOffset)
        guard self.baseOffset >= 0, lastOffsetDelta >= 0, self.baseOffset < Int64.max - Int64(lastOffsetDelta) else {
            throw RecordBatchError(
                .malformed("its last offset lies \(lastOffsetDelta) behind its first"), baseOffset: self.baseOffset)
        }
        guard count >= 0 else {
            throw RecordBatchError(.malformed("it says it has \(count) records"), baseOffset: self.baseOffset)
        }
        self.lastOffset = self.baseOffset + Int64(lastOffsetDelta)
        self.count = Int(count)
        self.partitionLeaderEpoch = bytes.loadInteger(at: Offset.partitionLeaderEpoch)
        self.codecNumber = Int8(truncatingIfNeeded: attributes & Attribute.codec)
        self.timestampType = attributes & Attribute.logAppendTime == 0 ? .createTime : .logAppendTime
        self.baseTimestamp = bytes.loadInteger(at: Offset.baseTimestamp)
        self.maxTimestamp = bytes.loadInteger(at: Offset.maxTimestamp)
        self.producerID = bytes.loadInteger(at: Offset.producerID)
        self.producerEpoch = bytes.loadInteger(at: Offset.producerEpoch)
        self.baseSequence = bytes.loadInteger(at: Offset.baseSequence)
        self.isTransactional = attributes & Attribute.transactional != 0
        self.isControl = attributes & Attribute.control != 0
    }

    private init(legacy bytes: Bytes, magic: Int8) throws(RecordBatchError) {
        let message = try LegacyMessage(bytes)
        self.bytes = bytes
        self.magic = magic
        self.baseOffset = message.offset
        self.lastOffset = message.offset
        self.count = message.isCompressed ? nil : 1
        self.partitionLeaderEpoch = -1
        self.codecNumber = message.codecNumber
        self.timestampType = message.timestampType
        self.baseTimestamp = message.timestamp
        self.maxTimestamp = message.timestamp
        self.producerID = -1
        self.producerEpoch = -1
        self.baseSequence = -1
        self.isTransactional = false
        self.isControl = false
    }

    /// Throws if the stored checksum differs from that of the bytes.
    package func validateChecksum() throws(RecordBatchError) {
        let isLegacy = self.magic < 2
        let position = isLegacy ? LegacyMessage.checksumOffset : RecordBatchHeader.Offset.checksum
        let start = isLegacy ? position + 4 : RecordBatchHeader.checksummed
        let stored: UInt32 = self.bytes.loadInteger(at: position)
        let computed = self.bytes.withUnsafeBytes { bytes in
            let covered = UnsafeRawBufferPointer(rebasing: bytes[start...])
            return isLegacy ? CRC32.checksum(of: covered) : CRC32C.checksum(of: covered)
        }
        guard stored == computed else {
            throw RecordBatchError(
                .checksumMismatch(stored: stored, computed: computed), baseOffset: self.baseOffset)
        }
    }

    /// Returns the records. Compressed records are decompressed into new memory, others stay in place.
    ///
    /// The records are decoded and checked later, by `RecordSequence`.
    ///
    /// - Parameter decompressionLimit: The maximum number of bytes of the decompressed records. More is an error.
    package func records(
        decompressionLimit: Int = Self.defaultDecompressionLimit
    ) throws(RecordBatchError) -> RecordSequence {
        do {
            if self.magic < 2 {
                return try LegacyMessage(self.bytes).records(decompressionLimit: decompressionLimit)
            }
            guard let codec = self.codec else { throw CompressionError.unknownCodec(self.codecNumber) }
            let body = self.bytes[RecordBatchHeader.size..<self.bytes.count]
            let plain =
                codec == .none ? body : try codec.decompress(body, limit: min(decompressionLimit, Int(Int32.max)))
            let count = self.count ?? 0
            // Callers reserve memory by the count, so check it. A record has seven fields of at least one byte.
            guard count <= plain.count / 7 else {
                throw RecordBatchError(
                    .malformed("it says it has \(count) records, in \(plain.count) bytes"), baseOffset: self.baseOffset)
            }
            return RecordSequence(
                plain, count: count, baseOffset: self.baseOffset,
                lastOffsetDelta: self.lastOffset - self.baseOffset, baseTimestamp: self.baseTimestamp,
                logAppendTime: self.timestampType == .logAppendTime ? self.maxTimestamp : nil)
        } catch let error as CompressionError {
            throw RecordBatchError(.compression(error), baseOffset: self.baseOffset)
        } catch let error as RecordBatchError {
            throw error
        } catch {
            throw RecordBatchError(.malformed("\(error)"), baseOffset: self.baseOffset)
        }
    }

    /// Returns a copy with the fields that a broker sets when it appends a batch to its log. For magic 2 only.
    ///
    /// - Parameter logAppendTime: The timestamp for all records, for topics that use log append time.
    package func appended(
        atOffset baseOffset: Int64, partitionLeaderEpoch: Int32, logAppendTime: Int64? = nil
    ) -> Bytes {
        let storage = ByteStorage(minimumCapacity: self.bytes.count)
        self.write(
            to: storage.base, atOffset: baseOffset, partitionLeaderEpoch: partitionLeaderEpoch,
            logAppendTime: logAppendTime)
        return Bytes(storage: storage, offset: 0, count: self.bytes.count)
    }

    /// Writes what `appended` returns to `target`, which must have room for it.
    package func write(
        to target: UnsafeMutableRawPointer, atOffset baseOffset: Int64, partitionLeaderEpoch: Int32,
        logAppendTime: Int64?
    ) {
        typealias Offset = RecordBatchHeader.Offset

        self.bytes.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(start: target, count: $0.count).copyMemory(from: $0)
        }
        target.storeBytes(of: baseOffset.bigEndian, toByteOffset: Offset.baseOffset, as: Int64.self)
        target.storeBytes(of: partitionLeaderEpoch.bigEndian, toByteOffset: Offset.partitionLeaderEpoch, as: Int32.self)
        guard let logAppendTime else { return }
        let attributes = self.bytes.loadInteger(at: Offset.attributes) | RecordBatchHeader.Attribute.logAppendTime
        target.storeBytes(of: attributes.bigEndian, toByteOffset: Offset.attributes, as: Int16.self)
        target.storeBytes(of: logAppendTime.bigEndian, toByteOffset: Offset.maxTimestamp, as: Int64.self)
        let start = RecordBatchHeader.checksummed
        let checksum = CRC32C.checksum(
            of: UnsafeRawBufferPointer(start: target + start, count: self.bytes.count - start))
        target.storeBytes(of: checksum.bigEndian, toByteOffset: Offset.checksum, as: UInt32.self)
    }
}

extension Bytes {
    /// Returns the big-endian integer at `position`. The caller must have checked the bounds.
    func loadInteger<Integer: FixedWidthInteger>(at position: Int, as type: Integer.Type = Integer.self) -> Integer {
        self.withUnsafeBytes { Integer(bigEndian: $0.loadUnaligned(fromByteOffset: position, as: type)) }
    }
}
