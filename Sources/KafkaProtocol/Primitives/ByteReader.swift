// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// A reader of the protocol's primitive types, which checks every length against the bytes that are left.
///
/// Byte fields are slices of the input, not copies. Nothing is allocated for a claimed length that exceeds the input.
package struct ByteReader: ~Copyable {
    private let bytes: Bytes
    private let start: UnsafeRawPointer
    /// The number of bytes read.
    package private(set) var position = 0
    /// The number of array elements and tagged fields that may still be read.
    private var elementsLeft: Int

    /// - Parameter elementLimit: The maximum number of elements of all arrays together, including tagged fields.
    package init(_ bytes: Bytes, elementLimit: Int = .max) {
        self.bytes = bytes
        self.elementsLeft = elementLimit
        let base = bytes.storage.base
        self.start = UnsafeRawPointer(base + bytes.offset)
    }

    /// The number of bytes left to read.
    package var remaining: Int { self.bytes.count - self.position }

    // MARK: Fixed size

    @inline(never)
    package mutating func readInt8() throws(ProtocolError) -> Int8 { try self.readInteger() }
    @inline(never)
    package mutating func readInt16() throws(ProtocolError) -> Int16 { try self.readInteger() }
    @inline(never)
    package mutating func readUInt16() throws(ProtocolError) -> UInt16 { try self.readInteger() }
    @inline(never)
    package mutating func readInt32() throws(ProtocolError) -> Int32 { try self.readInteger() }
    @inline(never)
    package mutating func readUInt32() throws(ProtocolError) -> UInt32 { try self.readInteger() }
    @inline(never)
    package mutating func readInt64() throws(ProtocolError) -> Int64 { try self.readInteger() }
    @inline(never)
    package mutating func readBool() throws(ProtocolError) -> Bool { try self.readInteger() as Int8 != 0 }
    @inline(never)
    package mutating func readDouble() throws(ProtocolError) -> Double {
        Double(bitPattern: try self.readInteger())
    }
    @inline(never)
    package mutating func readUUID() throws(ProtocolError) -> KafkaUUID {
        KafkaUUID(high: try self.readInteger(), low: try self.readInteger())
    }

    @inline(__always)
    private mutating func readInteger<Integer: FixedWidthInteger>() throws(ProtocolError) -> Integer {
        let size = MemoryLayout<Integer>.size
        guard self.remaining >= size else { throw .truncated(needed: size, remaining: self.remaining) }
        let value = self.start.loadUnaligned(fromByteOffset: self.position, as: Integer.self)
        self.position += size
        return Integer(bigEndian: value)
    }

    // MARK: Variable size

    /// Reads an unsigned base-128 number of at most 32 bits.
    @inline(never)
    package mutating func readUnsignedVarint() throws(ProtocolError) -> UInt32 {
        var value: UInt32 = 0
        var shift: UInt32 = 0
        while true {
            guard self.remaining > 0 else { throw .truncated(needed: 1, remaining: 0) }
            let byte = self.start.load(fromByteOffset: self.position, as: UInt8.self)
            self.position += 1
            if shift == 28, byte > 0x0f { throw .invalidVarint }
            value |= UInt32(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
    }

    /// Reads a zigzag-encoded base-128 number of at most 32 bits, as in records.
    package mutating func readVarint() throws(ProtocolError) -> Int32 {
        let value = try self.readUnsignedVarint()
        return Int32(bitPattern: value >> 1) ^ -Int32(bitPattern: value & 1)
    }

    /// Reads a zigzag-encoded base-128 number of at most 64 bits, as in records.
    @inline(never)
    package mutating func readVarlong() throws(ProtocolError) -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard self.remaining > 0 else { throw .truncated(needed: 1, remaining: 0) }
            let byte = self.start.load(fromByteOffset: self.position, as: UInt8.self)
            self.position += 1
            if shift == 63, byte > 0x01 { throw .invalidVarint }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
            shift += 7
        }
    }

    /// Reads the next `count` bytes as a slice of the input.
    @inline(never)
    package mutating func readSlice(count: Int) throws(ProtocolError) -> Bytes {
        guard count >= 0 else { throw .invalidLength(count) }
        guard count <= self.remaining else { throw .truncated(needed: count, remaining: self.remaining) }
        defer { self.position += count }
        return self.bytes[self.position..<self.position + count]
    }

    /// Reads nullable bytes after an int32 length, or in flexible versions an unsigned varint of length + 1.
    @inline(never)
    package mutating func readNullableBytes(flexible: Bool) throws(ProtocolError) -> Bytes? {
        guard let count = try self.readCount(flexible: flexible, narrow: false) else { return nil }
        return try self.readSlice(count: count)
    }

    /// Reads a nullable string after an int16 length, or in flexible versions an unsigned varint of length + 1.
    @inline(never)
    package mutating func readNullableString(flexible: Bool) throws(ProtocolError) -> String? {
        guard let count = try self.readCount(flexible: flexible, narrow: true) else { return nil }
        guard count <= Int16.max else { throw .invalidLength(count) }
        let slice = try self.readSlice(count: count)
        guard let text = String(validating: slice, as: UTF8.self) else { throw .invalidString }
        return text
    }

    /// Reads the number of elements of a nullable array.
    ///
    /// Each element takes at least one byte, so a number larger than what is left is rejected before anything is
    /// allocated.
    @inline(never)
    package mutating func readNullableArrayCount(flexible: Bool) throws(ProtocolError) -> Int? {
        guard let count = try self.readCount(flexible: flexible, narrow: false) else { return nil }
        guard count <= self.remaining else { throw .invalidLength(count) }
        try self.takeElements(count)
        return count
    }

    /// Counts elements against the limit, because decoded elements take many times their encoded size.
    package mutating func takeElements(_ count: Int) throws(ProtocolError) {
        guard count <= self.elementsLeft else { throw .malformed("it has far more elements than were asked for") }
        self.elementsLeft -= count
    }

    private mutating func readCount(flexible: Bool, narrow: Bool) throws(ProtocolError) -> Int? {
        let count =
            if flexible {
                Int(try self.readUnsignedVarint()) - 1
            } else if narrow {
                Int(try self.readInt16())
            } else {
                Int(try self.readInt32())
            }
        guard count >= -1 else { throw .invalidLength(count) }
        return count == -1 ? nil : count
    }

    /// Throws if bytes are left to read.
    package func finish() throws(ProtocolError) {
        if self.remaining > 0 { throw .trailingBytes(self.remaining) }
    }
}
