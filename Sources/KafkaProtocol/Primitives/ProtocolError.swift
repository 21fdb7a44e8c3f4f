// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// An error in decoding or encoding a Kafka message.
package enum ProtocolError: Error, Hashable, Sendable {
    /// The bytes end before the value is complete.
    case truncated(needed: Int, remaining: Int)
    /// A length or count is negative or exceeds the bytes that are left.
    case invalidLength(Int)
    /// A variable-length number exceeds the size of its type.
    case invalidVarint
    /// A string isn't valid UTF-8.
    case invalidString
    /// A field that isn't nullable is null.
    case unexpectedNull(field: String)
    /// The message has no such version.
    case unsupportedVersion(message: String, version: Int16)
    /// A field has a value, but the version to encode doesn't have the field.
    case fieldNotInVersion(field: String, version: Int16)
    /// Bytes are left after the message.
    case trailingBytes(Int)
    /// A string, array or byte field is too long for its length prefix.
    case tooLong(field: String, count: Int)
    /// The bytes violate the format for the given reason.
    case malformed(String)
}
