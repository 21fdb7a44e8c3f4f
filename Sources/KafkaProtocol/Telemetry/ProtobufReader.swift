// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// Reads the fields of a message of Protocol Buffers, one after the other.
struct ProtobufReader: ~Copyable {
    enum Value {
        case number(UInt64)
        case content(Bytes)

        func number() throws(ProtocolError) -> UInt64 {
            guard case .number(let number) = self else { throw .malformed("A field has no number.") }
            return number
        }

        func message() throws(ProtocolError) -> Bytes {
            guard case .content(let bytes) = self else { throw .malformed("A field has no message.") }
            return bytes
        }

        func text() throws(ProtocolError) -> String {
            guard let text = String(validating: try self.message(), as: UTF8.self) else { throw .invalidString }
            return text
        }
    }

    private var reader: ByteReader

    init(_ bytes: Bytes) {
        self.reader = ByteReader(bytes)
    }

    /// Returns the next field, or nil at the end.
    mutating func next() throws(ProtocolError) -> (field: Int, value: Value)? {
        guard self.reader.remaining > 0 else { return nil }
        let key = try self.readVarint()
        guard let field = Int(exactly: key >> 3), field > 0 else { throw .malformed("A field has the number 0.") }
        switch ProtobufWriter.WireType(rawValue: key & 7) {
        case .varint: return (field, .number(try self.readVarint()))
        case .fixed64: return (field, .number(UInt64(bitPattern: try self.reader.readInt64()).byteSwapped))
        case .fixed32: return (field, .number(UInt64(try self.reader.readUInt32().byteSwapped)))
        case .delimited:
            guard let count = Int(exactly: try self.readVarint()) else { throw .invalidVarint }
            return (field, .content(try self.reader.readSlice(count: count)))
        case nil: throw .malformed("A field has the unknown type \(key & 7).")
        }
    }

    private mutating func readVarint() throws(ProtocolError) -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
            let byte = UInt8(bitPattern: try self.reader.readInt8())
            // The tenth byte has room for one bit.
            guard shift < 63 || byte <= 1 else { throw .invalidVarint }
            number |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return number }
        }
        throw .invalidVarint
    }
}
