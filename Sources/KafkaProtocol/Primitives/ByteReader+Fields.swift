// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// Fields that may not be null, named for the error when they are.
extension ByteReader {
    @inline(never)
    package mutating func readString(_ field: String, flexible: Bool) throws(ProtocolError) -> String {
        guard let text = try self.readNullableString(flexible: flexible) else { throw .unexpectedNull(field: field) }
        return text
    }

    @inline(never)
    package mutating func readBytes(_ field: String, flexible: Bool) throws(ProtocolError) -> Bytes {
        guard let bytes = try self.readNullableBytes(flexible: flexible) else { throw .unexpectedNull(field: field) }
        return bytes
    }

    @inline(never)
    package mutating func readArrayCount(_ field: String, flexible: Bool) throws(ProtocolError) -> Int {
        guard let count = try self.readNullableArrayCount(flexible: flexible) else {
            throw .unexpectedNull(field: field)
        }
        return count
    }

    /// Record batches as one slice; nil if null.
    @inline(never)
    package mutating func readRecords(flexible: Bool) throws(ProtocolError) -> [Bytes]? {
        guard let bytes = try self.readNullableBytes(flexible: flexible) else { return nil }
        return [bytes]
    }

    /// Whether a nullable structure is there.
    @inline(never)
    package mutating func readIsPresent() throws(ProtocolError) -> Bool {
        try self.readInt8() >= 0
    }
}
