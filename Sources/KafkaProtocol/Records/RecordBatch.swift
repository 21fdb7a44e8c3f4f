// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// A record batch as it came: its header's fields, and its records still compressed, in a slice of the response.
///
/// It may also be a legacy message (magic 0 or 1), which is then a batch of one, or a compressed legacy message set; the
/// fields that those don't have hold what Kafka's own clients say instead.
package struct RecordBatch: Sendable {
    /// A decompression limit for those who have no better: larger than any sensible batch, small enough to survive.
    package static let defaultDecompressionLimit = 256 << 20

    /// The whole batch, header included.
    package let bytes: Bytes
    /// The format: 2, or 0 and 1 for legacy messages.
    package let magic: Int8
    /// The first offset. Of a compressed legacy set, whose first offset only its records tell, the last.
    package let baseOffset: Int64
    /// The last offset. The next batch begins behind it, however few records are left in this one after compaction.
    package let lastOffset: Int64
    /// How many records there are, which may be none; nil for a compressed legacy set.
    package let count: Int?
    /// The epoch of the leader that appended it; -1 if that isn't known.
    package let partitionLeaderEpoch: Int32
    /// The number of the codec, which may be one that there isn't.
    package let codecNumber: Int8
    /// Who gave the records their timestamps.
    package let timestampType: TimestampType
    /// The timestamp that those of the records count from.
    package let baseTimestamp: Int64
    /// The largest timestamp of the records; their common one, if the broker gave it. Milliseconds since 1970.
    package let maxTimestamp: Int64
    /// The idempotent producer that wrote it; -1 if it was another kind.
    package let producerID: Int64
    /// That producer's epoch; -1 if there is none.
    package let producerEpoch: Int16
    /// The sequence number of the first record; -1 if there is none.
    package let baseSequence: Int32
    /// Whether it belongs to a transaction.
    package let isTransactional: Bool
    /// Whether it holds a marker of Kafka's own (see `ControlRecord`) and no user's records.
    package let isControl: Bool

    /// The codec, nil if there is none with that number.
    package var codec: CompressionCodec? { CompressionCodec(rawValue: self.codecNumber) }
    /// The offset behind the last.
    package var nextOffset: Int64 { self.lastOffset + 1 }
    /// The sequence number of the last record, which goes on at 0 after the largest; -1 if there is none.
    package var lastSequence: Int32 {
        guard self.baseSequence >= 0 else { return -1 }
        let last = Int64(self.baseSequence) + (self.lastOffset - self.baseOffset)
        return Int32(truncatingIfNeeded: last & 0x7fff_ffff)
    }

    /// Reads the header. `bytes` are exactly one batch, by its length field, and at least as long as its magic needs.
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

    /// Throws if the checksum isn't that of the bytes.
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

    /// The records, decompressed into memory of their own if they are compressed, otherwise in place. They are not
    /// looked at yet: see `RecordSequence`.
    ///
    /// - Parameter decompressionLimit: the most bytes that the decompressed records may have; more is an error.
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
            // Whoever makes room for as many relies on it. A record has seven fields of a byte at least.
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

    /// A copy with the fields that a broker sets when it appends a batch to its log. Of magic 2 only.
    ///
    /// - Parameter logAppendTime: the timestamp to give to all of the records, on topics that are set so.
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
    /// The big-endian integer at `position`. The caller has checked that it lies within.
    func loadInteger<Integer: FixedWidthInteger>(at position: Int, as type: Integer.Type = Integer.self) -> Integer {
        self.withUnsafeBytes { Integer(bigEndian: $0.loadUnaligned(fromByteOffset: position, as: type)) }
    }
}
