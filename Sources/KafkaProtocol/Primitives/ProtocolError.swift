// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Why bytes could not be read as a Kafka message, or a message not be written.
package enum ProtocolError: Error, Hashable, Sendable {
    /// The bytes end before the value does.
    case truncated(needed: Int, remaining: Int)
    /// A length or a number of elements is negative, or larger than the bytes that are left could hold.
    case invalidLength(Int)
    /// A variable-length number runs on past its type's size.
    case invalidVarint
    /// A string is not UTF-8.
    case invalidString
    /// A field that may not be null is.
    case unexpectedNull(field: String)
    /// The message has no such version.
    case unsupportedVersion(message: String, version: Int16)
    /// A field has a value that the version on the wire has no place for.
    case fieldNotInVersion(field: String, version: Int16)
    /// Bytes are left after the end of the message.
    case trailingBytes(Int)
    /// A string, array or byte field is too long for its length field.
    case tooLong(field: String, count: Int)
    /// What is read is not what the format says, with the reason.
    case malformed(String)
}
