// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// An immutable sequence of bytes: a record's key, value or header value.
///
/// `Bytes` is a slice of reference-counted storage, so copying a value copies no bytes. A `Bytes` read from Kafka is a
/// slice of the broker's response and keeps that whole response (up to the fetch size) in memory; ``Bytes/detached()`` makes an
/// independent copy.
///
/// ```swift
/// let a: Bytes = "paid"
/// let b: Bytes = [0x70, 0x61, 0x69, 0x64]
/// a == b                        // true
/// String(decoding: a, as: UTF8.self)
/// Data(a)                       // Bytes and Foundation's Data convert as sequences of bytes
/// ```
public struct Bytes: Sendable {
    @usableFromInline
    package let storage: ByteStorage
    @usableFromInline
    package let offset: Int
    /// The number of bytes.
    public let count: Int

    /// Creates a slice of `storage`. The range must be within the storage and must not be written again.
    @inlinable
    package init(storage: ByteStorage, offset: Int, count: Int) {
        precondition(
            offset >= 0 && count >= 0 && offset <= storage.capacity && count <= storage.capacity &- offset,
            "The bytes lie outside of their storage")
        self.storage = storage
        self.offset = offset
        self.count = count
    }

    /// Creates an empty value.
    public init() {
        self.init(storage: .empty, offset: 0, count: 0)
    }

    /// Creates a copy of a sequence of bytes.
    public init(_ bytes: some Sequence<UInt8>) {
        if let copy = bytes.withContiguousStorageIfAvailable({ Bytes(copying: UnsafeRawBufferPointer($0)) }) {
            self = copy
        } else {
            self = Array(bytes).withUnsafeBytes { Bytes(copying: $0) }
        }
    }

    /// Creates the UTF-8 encoding of a string.
    public init(_ string: some StringProtocol) {
        let copy = string.utf8.withContiguousStorageIfAvailable { Bytes(copying: UnsafeRawBufferPointer($0)) }
        self = copy ?? Array(string.utf8).withUnsafeBytes { Bytes(copying: $0) }
    }

    /// Creates a copy of raw memory.
    public init(copying bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else {
            self.init()
            return
        }
        let storage = ByteStorage(minimumCapacity: bytes.count)
        storage.base.copyMemory(from: source, byteCount: bytes.count)
        self.init(storage: storage, offset: 0, count: bytes.count)
    }

    /// Returns a copy with storage of its own.
    public func detached() -> Bytes {
        self.withUnsafeBytes { Bytes(copying: $0) }
    }

    /// Calls `body` with the bytes in place.
    ///
    /// - Parameter body: A closure that reads the bytes. Its argument is valid only during the call.
    /// - Returns: The result of `body`.
    /// - Throws: Whatever `body` throws.
    @inlinable
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let storage = self.storage
        // The storage must live until `body` returns, even if this is the last use of the value.
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(start: storage.base + self.offset, count: self.count))
    }

    /// Calls `body` with a bounds-checked view of the bytes in place.
    ///
    /// - Parameter body: A closure that reads the bytes.
    /// - Returns: The result of `body`.
    /// - Throws: Whatever `body` throws.
    @inlinable
    public func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let storage = self.storage
        defer { withExtendedLifetime(storage) {} }
        return try body(RawSpan(_unsafeStart: storage.base + self.offset, byteCount: self.count))
    }
}

extension Bytes: RandomAccessCollection {
    /// The position of the first byte, which is always 0.
    @inlinable
    public var startIndex: Int { 0 }

    /// The position after the last byte, which equals ``Bytes/count``.
    @inlinable
    public var endIndex: Int { self.count }

    /// The byte at `position`.
    @inlinable
    public subscript(position: Int) -> UInt8 {
        precondition(position >= 0 && position < self.count, "Index out of range")
        let storage = self.storage
        defer { withExtendedLifetime(storage) {} }
        return storage.base.load(fromByteOffset: self.offset + position, as: UInt8.self)
    }

    /// The bytes in `bounds`. The result shares this value's storage, and its indices start at 0.
    @inlinable
    public subscript(bounds: Range<Int>) -> Bytes {
        precondition(bounds.lowerBound >= 0 && bounds.upperBound <= self.count, "Range out of bounds")
        return Bytes(storage: self.storage, offset: self.offset + bounds.lowerBound, count: bounds.count)
    }

    /// Calls `body` with the bytes in place, so that `Array(bytes)` and `Data(bytes)` copy them once.
    ///
    /// - Parameter body: A closure that reads the bytes. Its argument is valid only during the call.
    /// - Returns: The result of `body`, never nil.
    /// - Throws: Whatever `body` throws.
    @inlinable
    public func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result? {
        let storage = self.storage
        defer { withExtendedLifetime(storage) {} }
        return try (storage.base + self.offset).withMemoryRebound(to: UInt8.self, capacity: self.count) {
            try body(UnsafeBufferPointer(start: $0, count: self.count))
        }
    }
}

extension Bytes: Hashable {
    /// Returns whether both values have the same bytes.
    public static func == (left: Bytes, right: Bytes) -> Bool {
        guard left.count == right.count else { return false }
        return left.withUnsafeBytes { a in
            right.withUnsafeBytes { b in
                guard let first = a.baseAddress, let second = b.baseAddress else { return true }
                return memcmp(first, second, a.count) == 0
            }
        }
    }

    /// Hashes the bytes into `hasher`.
    public func hash(into hasher: inout Hasher) {
        self.withUnsafeBytes { hasher.combine(bytes: $0) }
        hasher.combine(self.count)
    }
}

extension Bytes: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral {
    /// Creates the UTF-8 encoding of a string literal.
    public init(stringLiteral value: String) {
        self.init(value)
    }

    /// Creates the bytes of an array literal.
    public init(arrayLiteral elements: UInt8...) {
        self.init(elements)
    }
}

extension Bytes: CustomStringConvertible {
    /// The bytes as text if they are valid UTF-8, otherwise their number and the first 32 of them in hexadecimal.
    public var description: String {
        if let text = String(validating: self, as: UTF8.self) { return text }
        let digits = Array("0123456789abcdef")
        let shown = self.prefix(32).reduce(into: "") { text, byte in
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return "\(self.count) bytes (\(shown)\(self.count > 32 ? "…" : ""))"
    }
}
