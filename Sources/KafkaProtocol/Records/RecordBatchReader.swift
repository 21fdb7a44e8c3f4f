// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// A reader of the batches in the records of a Fetch response or Produce request. It decompresses nothing.
///
/// ```swift
/// var reader = RecordBatchReader(records)
/// while let batch = try reader.next() {
///     try batch.validateChecksum()
///     for record in try batch.records(decompressionLimit: limit) { ... }
/// }
/// ```
package struct RecordBatchReader: Sendable {
    /// An incomplete batch at the end of the bytes.
    package struct CutOffBatch: Hashable, Sendable {
        /// The first offset, or nil if it is cut off.
        package var baseOffset: Int64?
        /// The size of the complete batch in bytes, or nil if its length field is cut off.
        package var byteCount: Int?

        package init(baseOffset: Int64? = nil, byteCount: Int? = nil) {
            self.baseOffset = baseOffset
            self.byteCount = byteCount
        }
    }

    private let bytes: Bytes
    private var position = 0

    /// The incomplete batch at the end, if there is one, after `next` has returned nil.
    ///
    /// Brokers cut responses off at the fetch size. If the incomplete batch is the first one, the fetch size is too
    /// small.
    package private(set) var cutOff: CutOffBatch?

    package init(_ bytes: Bytes) {
        self.bytes = bytes
    }

    /// The number of bytes that the batches returned so far take.
    package var consumedByteCount: Int { self.position }

    /// Returns the next complete batch, or nil after the last one.
    ///
    /// After an error, every further call throws it again, because the start of the next batch isn't known.
    package mutating func next() throws(RecordBatchError) -> RecordBatch? {
        let remaining = self.bytes.count - self.position
        guard remaining > 0 else { return nil }
        guard remaining >= 8 else {
            self.cutOff = CutOffBatch()
            return nil
        }
        let baseOffset: Int64 = self.bytes.loadInteger(at: self.position)
        guard remaining >= RecordBatchHeader.lengthEnd else {
            self.cutOff = CutOffBatch(baseOffset: baseOffset)
            return nil
        }
        let length = Int(
            self.bytes.loadInteger(at: self.position + RecordBatchHeader.Offset.batchLength, as: Int32.self))
        let byteCount = RecordBatchHeader.lengthEnd + length
        guard byteCount >= LegacyMessage.smallestSize else {
            throw RecordBatchError(.malformed("it says it is \(length) bytes long"), baseOffset: baseOffset)
        }
        guard remaining >= byteCount else {
            self.cutOff = CutOffBatch(baseOffset: baseOffset, byteCount: byteCount)
            return nil
        }
        let batch = self.bytes[self.position..<self.position + byteCount]
        let magic: Int8 = batch.loadInteger(at: RecordBatchHeader.Offset.magic)
        guard magic >= 0, magic <= 2 else { throw RecordBatchError(.unsupportedMagic(magic), baseOffset: baseOffset) }
        guard magic < 2 || byteCount >= RecordBatchHeader.size else {
            throw RecordBatchError(.malformed("it says it is \(length) bytes long"), baseOffset: baseOffset)
        }
        let parsed = try RecordBatch(batch, magic: magic)
        self.position += byteCount
        return parsed
    }
}
