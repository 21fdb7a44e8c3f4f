// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// Walks the batches in a Fetch response's records, or a Produce request's, without decompressing anything.
///
/// ```swift
/// var reader = RecordBatchReader(records)
/// while let batch = try reader.next() {
///     try batch.validateChecksum()
///     for record in try batch.records(decompressionLimit: limit) { ... }
/// }
/// ```
package struct RecordBatchReader: Sendable {
    /// A batch of which only the beginning is there.
    package struct CutOffBatch: Hashable, Sendable {
        /// Its first offset; nil if not even that is there.
        package var baseOffset: Int64?
        /// The bytes that it has; nil if not even its length is there.
        package var byteCount: Int?

        package init(baseOffset: Int64? = nil, byteCount: Int? = nil) {
            self.baseOffset = baseOffset
            self.byteCount = byteCount
        }
    }

    private let bytes: Bytes
    private var position = 0

    /// What the bytes end with, if that isn't a whole batch: brokers cut responses off at the fetch size. It is known
    /// after `next` has returned nil. If it was the first batch, the fetch size is too small for it.
    package private(set) var cutOff: CutOffBatch?

    package init(_ bytes: Bytes) {
        self.bytes = bytes
    }

    /// How many bytes the batches so far have taken.
    package var consumedByteCount: Int { self.position }

    /// The next whole batch; nil if there are no more. After an error every further call throws it again, since where
    /// the next batch begins is not known then.
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
