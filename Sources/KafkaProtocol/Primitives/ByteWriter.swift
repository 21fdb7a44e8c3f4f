// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// A writer of the protocol's primitive types.
///
/// The result is a list of slices. Small fields are collected in growing storage, and record batches are passed on as
/// they are (`writeRecords`), so that the records of a Produce request aren't copied on their way to the socket.
package struct ByteWriter: ~Copyable {
    private var storage: ByteStorage
    /// The start of the part of `storage` that is written but not yet in `segments`.
    private var start = 0
    private var end = 0
    private var segments: [Bytes] = []
    private var segmentBytes = 0

    package init(capacity: Int = 256) {
        self.storage = ByteStorage(minimumCapacity: max(capacity, 16))
    }

    /// The number of bytes written.
    package var count: Int { self.segmentBytes + self.end - self.start }

    /// Returns everything that was written, in order, as slices.
    package consuming func finish() -> [Bytes] {
        self.closeSegment()
        return self.segments
    }

    /// Returns everything that was written as one slice, copying it if there are several.
    package consuming func finishContiguous() -> Bytes {
        let total = self.count
        let segments = self.finish()
        if segments.count == 1 { return segments[0] }
        let storage = ByteStorage(minimumCapacity: total)
        var offset = 0
        for segment in segments {
            segment.withUnsafeBytes { bytes in
                if let source = bytes.baseAddress {
                    (storage.base + offset).copyMemory(from: source, byteCount: bytes.count)
                }
            }
            offset += segment.count
        }
        return Bytes(storage: storage, offset: 0, count: total)
    }

    private mutating func closeSegment() {
        guard self.end > self.start else { return }
        self.segments.append(Bytes(storage: self.storage, offset: self.start, count: self.end - self.start))
        self.segmentBytes += self.end - self.start
        self.start = self.end
    }

    /// Ensures room for `size` more bytes. Bytes in `segments` don't move.
    @inline(__always)
    private mutating func reserve(_ size: Int) {
        if self.end + size > self.storage.capacity { self.grow(by: size) }
    }

    @inline(never)
    private mutating func grow(by size: Int) {
        let pending = self.end - self.start
        let larger = ByteStorage(minimumCapacity: max(2 * (pending + size), 256))
        larger.base.copyMemory(from: self.storage.base + self.start, byteCount: pending)
        self.storage = larger
        self.start = 0
        self.end = pending
    }

    // MARK: Fixed size

    @inline(never)
    package mutating func writeInt8(_ value: Int8) { self.writeInteger(value) }
    @inline(never)
    package mutating func writeInt16(_ value: Int16) { self.writeInteger(value) }
    @inline(never)
    package mutating func writeUInt16(_ value: UInt16) { self.writeInteger(value) }
    @inline(never)
    package mutating func writeInt32(_ value: Int32) { self.writeInteger(value) }
    @inline(never)
    package mutating func writeUInt32(_ value: UInt32) { self.writeInteger(value) }
    @inline(never)
    package mutating func writeInt64(_ value: Int64) { self.writeInteger(value) }
    @inline(never)
    package mutating func writeBool(_ value: Bool) { self.writeInteger(value ? 1 : 0 as Int8) }
    @inline(never)
    package mutating func writeDouble(_ value: Double) { self.writeInteger(value.bitPattern) }
    @inline(never)
    package mutating func writeUUID(_ value: KafkaUUID) {
        self.writeInteger(value.high)
        self.writeInteger(value.low)
    }

    @inline(__always)
    private mutating func writeInteger<Integer: FixedWidthInteger>(_ value: Integer) {
        self.reserve(MemoryLayout<Integer>.size)
        self.storage.base.storeBytes(of: value.bigEndian, toByteOffset: self.end, as: Integer.self)
        self.end += MemoryLayout<Integer>.size
    }

    // MARK: Variable size

    /// Writes an unsigned base-128 number.
    @inline(never)
    package mutating func writeUnsignedVarint(_ value: UInt32) {
        var rest = value
        while rest >= 0x80 {
            self.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    /// Copies bytes without a length.
    @inline(never)
    package mutating func writeRaw(_ bytes: Bytes) {
        guard !bytes.isEmpty else { return }
        self.reserve(bytes.count)
        let target = self.storage.base + self.end
        bytes.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        self.end += bytes.count
    }

    /// Copies nullable bytes after their length.
    @inline(never)
    package mutating func writeNullableBytes(_ bytes: Bytes?, flexible: Bool) throws(ProtocolError) {
        try self.writeNullableArrayCount(bytes?.count, flexible: flexible)
        if let bytes { self.writeRaw(bytes) }
    }

    /// Writes record batches after their length. Large ones become segments without a copy.
    @inline(never)
    package mutating func writeRecords(_ records: [Bytes]?, flexible: Bool) throws(ProtocolError) {
        try self.writeNullableArrayCount(records?.reduce(0) { $0 + $1.count }, flexible: flexible)
        for slice in records ?? [] {
            if slice.count < 1024 {
                self.writeRaw(slice)
            } else {
                self.closeSegment()
                self.segments.append(slice)
                self.segmentBytes += slice.count
            }
        }
    }

    /// Writes a nullable string after its length.
    @inline(never)
    package mutating func writeNullableString(_ text: String?, flexible: Bool) throws(ProtocolError) {
        guard let text else {
            if flexible { self.writeUnsignedVarint(0) } else { self.writeInteger(-1 as Int16) }
            return
        }
        let count = text.utf8.count
        guard count <= Int16.max else { throw .tooLong(field: "string", count: count) }
        if flexible {
            self.writeUnsignedVarint(UInt32(count) + 1)
        } else {
            self.writeInteger(Int16(count))
        }
        self.reserve(count)
        let target = UnsafeMutableRawBufferPointer(start: self.storage.base + self.end, count: count)
        target.copyBytes(from: text.utf8)
        self.end += count
    }

    /// Writes the number of elements of a nullable array or the length of nullable bytes.
    @inline(never)
    package mutating func writeNullableArrayCount(_ count: Int?, flexible: Bool) throws(ProtocolError) {
        if let count, count >= Int32.max { throw .tooLong(field: "array", count: count) }
        if flexible {
            self.writeUnsignedVarint(count.map { UInt32($0) + 1 } ?? 0)
        } else {
            self.writeInteger(count.map { Int32($0) } ?? -1)
        }
    }
}
