// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import CInstructions
package import KafkaMemory

/// A builder of one record batch (magic 2).
///
/// Records are encoded as they are appended, into storage with room for the header before them, so that an uncompressed
/// batch is sent from where it was written.
///
/// ```swift
/// var builder = RecordBatchBuilder()
/// while try builder.append(key: key, value: value, headers: [], timestamp: now, limit: 16_384) { ... }
/// try builder.close(compression: .lz4)                       // once, outside locks: this is the expensive part
/// let slices = builder.finish(producerID: 4001, producerEpoch: 7, baseSequence: 42)
/// ```
///
/// - `append` isn't synchronized: only one caller at a time may use it.
/// - `close` ends appending and compresses the records. With a codec other than `none` it releases the uncompressed
///   bytes.
/// - `finish` can be called again with another producer ID, epoch or sequence (an epoch bump before a retry). It never
///   changes bytes that an earlier call returned, because they may still be on their way to a socket.
/// - `records` returns the records again, for splitting a batch that is too large for the broker. It decompresses a
///   compressed batch, because splitting is rare and keeping both forms would double the memory.
package struct RecordBatchBuilder: ~Copyable, Sendable {
    /// The number of bytes before the first record.
    package static let headerSize = RecordBatchHeader.size

    /// The number of bytes from which on the CPU recognizes by itself that memory is written in order.
    private static let prefetchLimit = 512

    private var storage = ByteStorage.empty
    private let initialCapacity: Int
    private var baseTimestamp: Int64 = 0
    /// The largest timestamp. Undefined while the batch is empty.
    package private(set) var maxTimestamp: Int64 = 0
    /// The number of records.
    package private(set) var count = 0
    /// The size of the batch without compression, including the header.
    package private(set) var byteCount = RecordBatchHeader.size

    /// The encoded records once the batch is closed.
    private var closedRecords: Bytes?
    private var codec = CompressionCodec.none
    /// Whether the space for the header before the closed records has been used.
    private var isHeaderTaken = false

    /// Creates an empty batch.
    ///
    /// It allocates no memory before the first record, and then `initialCapacity` bytes, for which the size of the
    /// partition's last batch is a good guess. The capacity doubles whenever it is used up.
    package init(initialCapacity: Int = 1024) {
        self.initialCapacity = initialCapacity
    }

    /// Whether the batch has no records.
    package var isEmpty: Bool { self.count == 0 }
    /// Whether the batch is closed for appending.
    package var isClosed: Bool { self.closedRecords != nil }
    /// The number of bytes of memory that the batch holds.
    package var capacity: Int { self.storage.capacity }

    // MARK: Appending

    /// Returns the maximum number of bytes that a record can take in any batch, without a share of the header.
    package static func sizeUpperBound(key: Bytes?, value: Bytes?, headers: [RecordHeader]) -> Int {
        RecordEncoding(key: key, value: value, headers: headers, timestampDelta: .min, offsetDelta: Int64(Int32.max))
            .size
    }

    /// Appends a record, unless the batch is closed or not empty and would exceed `limit` bytes.
    ///
    /// The record's index in the batch is the `count` before the call. An empty batch takes a record of any size.
    ///
    /// - Parameters:
    ///   - timestamp: The record's timestamp in milliseconds since 1970.
    ///   - limit: The maximum number of bytes of the batch, including the header and without compression.
    /// - Returns: Whether the record was appended. If not, the batch is unchanged.
    @inline(never)
    package mutating func append(
        key: Bytes?, value: Bytes?, headers: [RecordHeader], timestamp: Int64, limit: Int
    ) throws(RecordBatchError) -> Bool {
        let delta = self.count == 0 ? 0 : timestamp &- self.baseTimestamp
        let index = Int64(self.count)
        let encoding = RecordEncoding(
            key: key, value: value, headers: headers, timestampDelta: delta, offsetDelta: index)
        let end = self.byteCount &+ encoding.size
        if end > limit || end > Int32.max || self.closedRecords != nil {
            if self.count > 0 || self.closedRecords != nil { return false }
            if end > Int32.max { throw RecordBatchError(.recordTooLarge(encoding.size)) }
        }
        if end > self.storage.capacity { self.grow(to: end) }
        let base = self.storage.base
        encoding.write(
            key: key, value: value, headers: headers, timestampDelta: delta, offsetDelta: index,
            to: base + self.byteCount)
        if self.count == 0 {
            self.baseTimestamp = timestamp
            self.maxTimestamp = timestamp
        } else if timestamp > self.maxTimestamp {
            self.maxTimestamp = timestamp
        }
        self.byteCount = end
        self.count &+= 1
        // The next record is probably as large. If the producer writes to many partitions in turn, its memory isn't in the cache,
        // and the CPU has no other way to know of it.
        ckafka_prefetch_for_writing(
            base + end, min(encoding.size, Self.prefetchLimit, self.storage.capacity &- end))
        return true
    }

    /// Allocates memory for a batch of `size` bytes, including the header, so that it doesn't grow up to there.
    package mutating func reserve(_ size: Int) {
        if size > self.storage.capacity, !self.isClosed { self.reallocate(size) }
    }

    @inline(never)
    private mutating func grow(to size: Int) {
        self.reallocate(max(size, 2 * self.storage.capacity, self.initialCapacity))
    }

    private mutating func reallocate(_ capacity: Int) {
        let larger = ByteStorage(minimumCapacity: capacity)
        let used = self.byteCount - RecordBatchHeader.size
        if used > 0 {
            (larger.base + RecordBatchHeader.size).copyMemory(
                from: self.storage.base + RecordBatchHeader.size, byteCount: used)
        }
        self.storage = larger
    }

    // MARK: Closing

    /// Ends appending and compresses the records. Does nothing if the batch is closed.
    ///
    /// A compressed form that isn't smaller is discarded: a batch must not exceed the size of its records, which was
    /// checked against the limits. If this throws, the batch is unchanged.
    package mutating func close(compression: Compression) throws(CompressionError) {
        guard self.closedRecords == nil else { return }
        let size = self.byteCount - RecordBatchHeader.size
        let plain = Bytes(
            storage: self.storage, offset: min(RecordBatchHeader.size, self.storage.capacity), count: size)
        guard let algorithm = try compression.codec.algorithm(), self.count > 0 else {
            self.closedRecords = plain
            return
        }
        var output = CompressionBuffer(
            codec: compression.codec, headroom: RecordBatchHeader.size, sizeHint: size + size / 6 + 1024,
            limit: Int(Int32.max) - RecordBatchHeader.size)
        try plain.withUnsafeBytes { (input) throws(CompressionError) in
            try algorithm.compress(input, level: compression.level, into: &output)
        }
        let compressed = try output.finish()
        guard compressed.count < size else {
            self.closedRecords = plain
            return
        }
        self.storage = compressed.storage
        self.closedRecords = compressed
        self.codec = compression.codec
    }

    /// The size of the batch as sent, including the header: compressed once the batch is closed.
    package var encodedByteCount: Int {
        self.closedRecords.map { RecordBatchHeader.size + $0.count } ?? self.byteCount
    }

    // MARK: Finishing

    /// Returns the batch for a Produce request. The batch must have a record.
    ///
    /// The first call returns one slice, later ones two: the header and the records. A batch that is still open is
    /// closed without compression.
    ///
    /// - Parameters:
    ///   - producerID: The ID of an idempotent producer, or -1 with -1 for `producerEpoch` and `baseSequence`.
    ///   - producerEpoch: The producer's epoch.
    ///   - baseSequence: The sequence number of the first record.
    ///   - isTransactional: Whether the batch is part of a transaction.
    package mutating func finish(
        producerID: Int64 = -1, producerEpoch: Int16 = -1, baseSequence: Int32 = -1, isTransactional: Bool = false
    ) -> [Bytes] {
        let records: Bytes
        if let closed = self.closedRecords {
            records = closed
        } else {
            if self.storage.capacity < RecordBatchHeader.size { self.grow(to: RecordBatchHeader.size) }
            records = Bytes(
                storage: self.storage, offset: RecordBatchHeader.size,
                count: self.byteCount - RecordBatchHeader.size)
            self.closedRecords = records
        }
        let fields = RecordBatchHeader.Fields(
            attributes: Int16(self.codec.rawValue) | (isTransactional ? RecordBatchHeader.Attribute.transactional : 0),
            lastOffsetDelta: Int32(truncatingIfNeeded: self.count - 1), baseTimestamp: self.baseTimestamp,
            maxTimestamp: self.maxTimestamp, producerID: producerID, producerEpoch: producerEpoch,
            baseSequence: baseSequence, count: Int32(truncatingIfNeeded: self.count))
        if self.isHeaderTaken || records.offset < RecordBatchHeader.size {
            let header = ByteStorage(minimumCapacity: RecordBatchHeader.size)
            records.withUnsafeBytes { fields.write(to: header.base, records: $0) }
            return [Bytes(storage: header, offset: 0, count: RecordBatchHeader.size), records]
        }
        self.isHeaderTaken = true
        let storage = self.storage
        records.withUnsafeBytes { fields.write(to: storage.base, records: $0) }
        return [Bytes(storage: storage, offset: 0, count: RecordBatchHeader.size + records.count)]
    }

    /// Returns the records, to append them to smaller batches or to read them. Throws only if decompression fails.
    package borrowing func records(baseOffset: Int64 = 0) throws(RecordBatchError) -> RecordSequence {
        let plainSize = self.byteCount - RecordBatchHeader.size
        let plain: Bytes
        if let closed = self.closedRecords {
            do {
                plain = try self.codec.decompress(closed, limit: plainSize)
            } catch {
                throw RecordBatchError(.compression(error))
            }
        } else {
            plain = Bytes(
                storage: self.storage, offset: min(RecordBatchHeader.size, self.storage.capacity), count: plainSize)
        }
        return RecordSequence(
            plain, count: self.count, baseOffset: baseOffset, lastOffsetDelta: Int64(self.count) - 1,
            baseTimestamp: self.baseTimestamp, logAppendTime: nil)
    }
}
