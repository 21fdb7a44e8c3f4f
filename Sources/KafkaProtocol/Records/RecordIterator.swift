// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// An iterator over the records of a batch.
///
/// It checks every length against the rest of the record, every record against the rest of the batch, and at the end
/// the number of records against the header.
package struct RecordIterator {
    /// Owns the memory that `start` points to.
    private let bytes: Bytes
    private let start: UnsafeRawPointer
    private var position = 0
    private var remaining: Int
    private let baseOffset: Int64
    private let lastOffsetDelta: Int64
    private let baseTimestamp: Int64
    private let logAppendTime: Int64?

    init(_ records: RecordSequence) {
        self.bytes = records.bytes
        let base = records.bytes.storage.base
        self.start = UnsafeRawPointer(base + records.bytes.offset)
        self.remaining = records.count
        self.baseOffset = records.baseOffset
        self.lastOffsetDelta = records.lastOffsetDelta
        self.baseTimestamp = records.baseTimestamp
        self.logAppendTime = records.logAppendTime
    }

    /// Returns the next record, or nil after the last one. After an error, every further call throws it again.
    @inline(never)
    package mutating func next() throws(RecordBatchError) -> RecordView? {
        try self.step()
    }

    /// Checks the remaining records.
    mutating func validateRest() throws(RecordBatchError) {
        while try self.step() != nil {}
    }

    @inline(__always)
    private mutating func step() throws(RecordBatchError) -> RecordView? {
        if self.remaining == 0 {
            if self.position != self.bytes.count { throw self.failure("bytes are left after its last record") }
            return nil
        }
        var cursor = RecordCursor(start: self.start, position: self.position, end: self.bytes.count)
        let length = cursor.readVarint()
        guard cursor.isValid, length >= 0, length <= Int64(cursor.end &- cursor.position) else {
            throw self.failure("a record's length is wrong")
        }
        cursor.end = cursor.position &+ Int(length)
        cursor.skip(1)
        let timestampDelta = cursor.readVarint()
        let offsetDelta = cursor.readVarint()
        let keyCount = cursor.readVarint()
        let keyStart = cursor.position
        cursor.skipNullable(keyCount)
        let valueCount = cursor.readVarint()
        let valueStart = cursor.position
        cursor.skipNullable(valueCount)
        let headerCount = cursor.readVarint()
        let headersStart = cursor.position
        if headerCount != 0 { cursor = RecordCursor.skippingHeaders(headerCount, from: cursor) }
        // The position of a cursor that has failed is beyond every end.
        guard cursor.position == cursor.end else { throw self.failure("a record's fields are wrong") }
        guard offsetDelta >= 0, offsetDelta <= self.lastOffsetDelta else {
            throw self.failure("a record's offset lies outside the batch")
        }
        self.position = cursor.end
        self.remaining &-= 1
        return RecordView(
            offset: self.baseOffset &+ offsetDelta,
            timestamp: self.logAppendTime ?? self.baseTimestamp &+ timestampDelta,
            keyStart: Int32(truncatingIfNeeded: keyStart), keyCount: Int32(truncatingIfNeeded: keyCount),
            valueStart: Int32(truncatingIfNeeded: valueStart), valueCount: Int32(truncatingIfNeeded: valueCount),
            headersStart: Int32(truncatingIfNeeded: headersStart),
            headerCount: Int32(truncatingIfNeeded: headerCount), byteCount: Int32(truncatingIfNeeded: length))
    }

    @inline(never)
    private func failure(_ reason: String) -> RecordBatchError {
        RecordBatchError(
            .malformed("\(reason) (byte \(self.position) of its records, \(self.remaining) records to come)"),
            baseOffset: self.baseOffset)
    }

    /// Returns the headers of a record that the iterator has checked. Keys that aren't valid UTF-8 are repaired.
    static func headers(of record: RecordView, in bytes: Bytes) -> [RecordHeader] {
        var headers: [RecordHeader] = []
        bytes.withUnsafeBytes { all in
            guard let start = all.baseAddress else { return }
            var cursor = RecordCursor(start: start, position: Int(record.headersStart), end: bytes.count)
            headers.reserveCapacity(Int(record.headerCount))
            for _ in 0..<record.headerCount {
                let keyCount = cursor.readVarint()
                let keyStart = cursor.position
                cursor.skip(keyCount)
                let valueCount = cursor.readVarint()
                let valueStart = cursor.position
                cursor.skipNullable(valueCount)
                guard cursor.isValid, keyCount >= 0 else { return }
                let key = String(decoding: all[keyStart..<keyStart + Int(keyCount)], as: UTF8.self)
                let value = valueCount < 0 ? nil : bytes[valueStart..<valueStart + Int(valueCount)]
                headers.append(RecordHeader(key, value))
            }
        }
        return headers
    }
}

/// A cursor that reads varints up to an end.
///
/// It doesn't throw. After an error its position is beyond every end and it reads only zeros, so that one check per
/// record is enough. Functions that aren't inlined take and return values instead of changing the cursor in place, so
/// that it stays in registers.
private struct RecordCursor {
    let start: UnsafeRawPointer
    var position: Int
    var end: Int

    private static let failed = Int.max

    @inline(__always)
    var isValid: Bool { self.position != Self.failed }

    @inline(__always)
    init(start: UnsafeRawPointer, position: Int, end: Int) {
        self.start = start
        self.position = position
        self.end = end
    }

    @inline(__always)
    mutating func readVarint() -> Int64 {
        if self.position < self.end {
            let first = UInt64(self.start.load(fromByteOffset: self.position, as: UInt8.self))
            if first < 0x80 {
                self.position &+= 1
                return RecordVarint.value(first)
            }
            if self.position &+ 1 < self.end {
                let second = UInt64(self.start.load(fromByteOffset: self.position &+ 1, as: UInt8.self))
                if second < 0x80 {
                    self.position &+= 2
                    return RecordVarint.value(first & 0x7f | second &<< 7)
                }
            }
        }
        let (zigzag, next) = Self.readLongVarint(start: self.start, position: self.position, end: self.end)
        self.position = next
        return RecordVarint.value(zigzag)
    }

    /// Returns the number at `position` and the position after it.
    @inline(never)
    private static func readLongVarint(start: UnsafeRawPointer, position: Int, end: Int) -> (UInt64, Int) {
        var position = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = start.load(fromByteOffset: position, as: UInt8.self)
            position += 1
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return (value, position) }
            shift += 7
        }
        return (0, Self.failed)
    }

    /// Skips `count` bytes. Fails if `count` is negative.
    @inline(__always)
    mutating func skip(_ count: Int64) {
        let isInside = count >= 0 && count <= Int64(self.end &- self.position)
        self.position = isInside ? self.position &+ Int(count) : Self.failed
    }

    /// Skips `count` bytes, or none if `count` is -1, which means null.
    @inline(__always)
    mutating func skipNullable(_ count: Int64) {
        if count != -1 { self.skip(count) }
    }

    /// Returns the cursor after `count` headers.
    @inline(never)
    static func skippingHeaders(_ count: Int64, from start: RecordCursor) -> RecordCursor {
        var cursor = start
        // A header takes at least two bytes.
        guard count > 0, count <= Int64(cursor.end - cursor.position) / 2 else {
            cursor.position = Self.failed
            return cursor
        }
        for _ in 0..<count where cursor.isValid {
            cursor.skip(cursor.readVarint())
            cursor.skipNullable(cursor.readVarint())
        }
        return cursor
    }
}
