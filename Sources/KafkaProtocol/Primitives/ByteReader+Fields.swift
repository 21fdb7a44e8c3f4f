// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// Readers of fields that aren't nullable. `field` names the field in the error.
///
/// With `beside` other than `.none`, null is read as empty, because some brokers send null beside an error code.
extension ByteReader {
    @inline(never)
    package mutating func readString(
        _ field: String, flexible: Bool, beside error: ErrorCode = .none
    ) throws(ProtocolError) -> String {
        if let text = try self.readNullableString(flexible: flexible) { return text }
        guard error != .none else { throw .unexpectedNull(field: field) }
        return ""
    }

    @inline(never)
    package mutating func readBytes(
        _ field: String, flexible: Bool, beside error: ErrorCode = .none
    ) throws(ProtocolError) -> Bytes {
        if let bytes = try self.readNullableBytes(flexible: flexible) { return bytes }
        guard error != .none else { throw .unexpectedNull(field: field) }
        return Bytes()
    }

    @inline(never)
    package mutating func readArrayCount(
        _ field: String, flexible: Bool, beside error: ErrorCode = .none
    ) throws(ProtocolError) -> Int {
        if let count = try self.readNullableArrayCount(flexible: flexible) { return count }
        guard error != .none else { throw .unexpectedNull(field: field) }
        return 0
    }

    /// Reads record batches as one slice, or nil for null.
    @inline(never)
    package mutating func readRecords(flexible: Bool) throws(ProtocolError) -> [Bytes]? {
        guard let bytes = try self.readNullableBytes(flexible: flexible) else { return nil }
        return [bytes]
    }

    /// Returns whether a nullable structure is present.
    @inline(never)
    package mutating func readIsPresent() throws(ProtocolError) -> Bool {
        try self.readInt8() >= 0
    }
}
