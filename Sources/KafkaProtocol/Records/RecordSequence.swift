// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory

/// The records of one batch, decompressed, in the layout of magic 2 (legacy messages are put into it when read).
///
/// `makeIterator` walks them: one pass, nothing allocated. A record is a `RecordView`: numbers that say where its parts
/// lie in `bytes`, from which `key(of:)`, `value(of:)` and `headers(of:)` make slices.
///
/// The walk checks everything and can therefore throw. Whoever hands records to a loop that can't calls `validate`
/// first: after it the iterator, `headers(of:)` and the rest can't fail.
@usableFromInline
package struct RecordSequence: Sendable {
    /// The plain records.
    @usableFromInline
    package let bytes: Bytes
    /// How many records there are: what the header says, and what `validate` has checked.
    package let count: Int
    /// The offset of the first record, or what was the first before compaction.
    package let baseOffset: Int64

    let lastOffsetDelta: Int64
    let baseTimestamp: Int64
    /// The timestamp of all records, if the broker has given it.
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

    /// A walk over the records from the first.
    package func makeIterator() -> RecordIterator {
        RecordIterator(self)
    }

    /// Walks all of the records once, about ten nanoseconds each. Throws what the iterator would.
    package func validate() throws(RecordBatchError) {
        var iterator = self.makeIterator()
        try iterator.validateRest()
    }

    /// A record's key, a slice of `bytes`. `record` must come from this sequence.
    @inlinable
    package func key(of record: RecordView) -> Bytes? {
        self.slice(record.keyStart, record.keyCount)
    }

    /// A record's value, a slice of `bytes`. `record` must come from this sequence.
    @inlinable
    package func value(of record: RecordView) -> Bytes? {
        self.slice(record.valueStart, record.valueCount)
    }

    /// A record's headers, decoded now, their values slices of `bytes`. `record` must come from this sequence.
    package func headers(of record: RecordView) -> [RecordHeader] {
        record.headerCount == 0 ? [] : RecordIterator.headers(of: record, in: self.bytes)
    }

    @inlinable
    @inline(__always)
    func slice(_ start: Int32, _ count: Int32) -> Bytes? {
        count < 0 ? nil : Bytes(storage: self.bytes.storage, offset: self.bytes.offset + Int(start), count: Int(count))
    }
}

/// Where the parts of one record are. Positions count from the start of the sequence's `bytes`.
@frozen
@usableFromInline
package struct RecordView: Sendable {
    /// The record's offset in its partition.
    @usableFromInline package var offset: Int64
    /// Milliseconds since 1970; -1 if there is none (magic 0).
    @usableFromInline package var timestamp: Int64
    /// Where the key is.
    @usableFromInline package var keyStart: Int32
    /// The key's size; -1 for a null key.
    @usableFromInline package var keyCount: Int32
    /// Where the value is.
    @usableFromInline package var valueStart: Int32
    /// The value's size; -1 for a null value.
    @usableFromInline package var valueCount: Int32
    /// Where the first header is.
    @usableFromInline package var headersStart: Int32
    /// How many headers there are.
    @usableFromInline package var headerCount: Int32
    /// The record's size in the batch, its length field not counted.
    @usableFromInline package var byteCount: Int32
}
