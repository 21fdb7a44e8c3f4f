// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory

/// The decompressed records of a batch in the layout of magic 2, into which legacy messages are converted.
///
/// Its iterator makes one pass and allocates nothing. A `RecordView` has the positions of a record's parts in `bytes`,
/// of which `key(of:)`, `value(of:)` and `headers(of:)` make slices.
///
/// The iterator checks everything and can throw. Call `validate` before passing records to a loop that can't throw:
/// after it, the iterator and the other methods don't fail.
@usableFromInline
package struct RecordSequence: Sendable {
    /// The decompressed records.
    @usableFromInline
    package let bytes: Bytes
    /// The number of records in the header, which `validate` checks.
    package let count: Int
    /// The offset of the first record before compaction.
    package let baseOffset: Int64

    let lastOffsetDelta: Int64
    let baseTimestamp: Int64
    /// The timestamp of all records for log append time, otherwise nil.
    let logAppendTime: Int64?

    init(
        _ bytes: Bytes, count: Int, baseOffset: Int64, lastOffsetDelta: Int64, baseTimestamp: Int64,
        logAppendTime: Int64?
    ) {
        self.bytes = bytes
        self.count = count
        self.baseOffset = baseOffset
        self.lastOffsetDelta = lastOffsetDelta
        self.baseTimestamp = baseTimestamp
        self.logAppendTime = logAppendTime
    }

    /// Returns an iterator that starts at the first record.
    package func makeIterator() -> RecordIterator {
        RecordIterator(self)
    }

    /// Checks all records in one pass, at about ten nanoseconds each. Throws the errors that the iterator would throw.
    package func validate() throws(RecordBatchError) {
        var iterator = self.makeIterator()
        try iterator.validateRest()
    }

    /// Returns a record's key as a slice of `bytes`. `record` must be from this sequence.
    @inlinable
    package func key(of record: RecordView) -> Bytes? {
        self.slice(record.keyStart, record.keyCount)
    }

    /// Returns a record's value as a slice of `bytes`. `record` must be from this sequence.
    @inlinable
    package func value(of record: RecordView) -> Bytes? {
        self.slice(record.valueStart, record.valueCount)
    }

    /// Decodes a record's headers, whose values are slices of `bytes`. `record` must be from this sequence.
    package func headers(of record: RecordView) -> [RecordHeader] {
        record.headerCount == 0 ? [] : RecordIterator.headers(of: record, in: self.bytes)
    }

    @inlinable
    @inline(__always)
    func slice(_ start: Int32, _ count: Int32) -> Bytes? {
        count < 0 ? nil : Bytes(storage: self.bytes.storage, offset: self.bytes.offset + Int(start), count: Int(count))
    }
}

/// The positions of a record's parts, counted from the start of the sequence's `bytes`.
@frozen
@usableFromInline
package struct RecordView: Sendable {
    /// The record's offset in its partition.
    @usableFromInline package var offset: Int64
    /// The timestamp in milliseconds since 1970, or -1 if there is none (magic 0).
    @usableFromInline package var timestamp: Int64
    /// The position of the key.
    @usableFromInline package var keyStart: Int32
    /// The size of the key, or -1 for null.
    @usableFromInline package var keyCount: Int32
    /// The position of the value.
    @usableFromInline package var valueStart: Int32
    /// The size of the value, or -1 for null.
    @usableFromInline package var valueCount: Int32
    /// The position of the first header.
    @usableFromInline package var headersStart: Int32
    /// The number of headers.
    @usableFromInline package var headerCount: Int32
    /// The size of the record in the batch, without its length field.
    @usableFromInline package var byteCount: Int32
}
