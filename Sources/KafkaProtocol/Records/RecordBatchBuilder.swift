// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// Makes one record batch (magic 2). Records are encoded as they are appended, into storage that has room for the
/// header before them, so that an uncompressed batch is sent from where it was written.
///
/// ```swift
/// var builder = RecordBatchBuilder()
/// while try builder.append(key: key, value: value, headers: [], timestamp: now, limit: 16_384) { ... }
/// try builder.close(compression: .lz4)                       // once, outside locks: this is the expensive part
/// let slices = builder.finish(producerID: 4001, producerEpoch: 7, baseSequence: 42)
/// ```
///
/// - `append` is for one caller at a time; there is no lock inside.
/// - `close` ends the appending and compresses. When the codec isn't `none`, the uncompressed bytes are let go then.
/// - `finish` may be called again with another producer id, epoch or sequence (an epoch bump before a retry). It never
///   changes bytes that an earlier call has returned: they may still be on their way to a socket.
/// - `records` gives the records back, for splitting a batch that the broker finds too large; those of a compressed
///   batch are decompressed for it again, since that is rare, and keeping both forms would double the memory.
package struct RecordBatchBuilder: ~Copyable, Sendable {
    /// The bytes before the first record.
    package static let headerSize = RecordBatchHeader.size

    private var storage = ByteStorage.empty
    private let initialCapacity: Int
    private var baseTimestamp: Int64 = 0
    /// The largest timestamp; meaningless while there are no records.
    package private(set) var maxTimestamp: Int64 = 0
    /// How many records there are.
    package private(set) var count = 0
    /// The size of the batch without compression, header included.
    package private(set) var byteCount = RecordBatchHeader.size

    /// The records as they are sent, once the batch is closed.
    private var closedRecords: Bytes?
    private var codec = CompressionCodec.none
    /// Whether the header's place before the closed records has been written.
    private var isHeaderTaken = false

    /// An empty batch. It takes no memory before the first record, and then `initialCapacity` bytes (what the
    /// partition's last batch had is a good guess), and a multiple when those are full.
    package init(initialCapacity: Int = 1024) {
        self.initialCapacity = initialCapacity
    }

    /// Whether there are no records.
    package var isEmpty: Bool { self.count == 0 }
    /// Whether appending has ended.
    package var isClosed: Bool { self.closedRecords != nil }
    /// The memory that the batch holds on to.
    package var capacity: Int { self.storage.capacity }

    // MARK: Appending

    /// The most bytes that a record can take in any batch, its share of the header not counted.
    package static func sizeUpperBound(key: Bytes?, value: Bytes?, headers: [RecordHeader]) -> Int {
        RecordEncoding(key: key, value: value, headers: headers, timestampDelta: .min, offsetDelta: Int64(Int32.max))
            .size
    }

    /// Appends a record and returns true; or returns false, with nothing changed, if the batch has records already and
    /// would be larger than `limit` bytes (header included, uncompressed), or is closed. An empty batch takes a record
    /// of any size.
    ///
    /// The record's index in the batch is the `count` before the call. `timestamp` is in milliseconds since 1970.
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
        return true
    }

    /// Takes memory for a batch of `size` bytes, header included, so that no more is taken up to there.
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

    /// Ends the appending and compresses the records; does nothing if that has happened. A compressed form that isn't smaller is
    /// not used: a batch must never be larger than its records, whose size was held against the limits. When this throws, the
    /// batch is as it was.
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

    /// The size of the batch as it is sent, header included: compressed, once it is closed.
    package var encodedByteCount: Int {
        self.closedRecords.map { RecordBatchHeader.size + $0.count } ?? self.byteCount
    }

    // MARK: Finishing

    /// The batch as it goes into a Produce request, in one slice the first time and in two (header, records) when it is
    /// asked for again. Closes the batch without compression if it is still open. There must be a record in it.
    ///
    /// - Parameters:
    ///   - producerID: of an idempotent producer, otherwise -1, as `producerEpoch` and `baseSequence` are then.
    ///   - baseSequence: the first record's sequence number.
    ///   - isTransactional: whether the batch belongs to a transaction.
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

    /// The records again, to be appended to smaller batches or to be read. Throws only if the decompression does.
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
