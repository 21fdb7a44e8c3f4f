// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A type whose values can be a record's key, value or header value.
///
/// ``Bytes``, strings (as UTF-8) and arrays of bytes conform; `KafkaFoundation` adds Foundation's `Data`. Conform your
/// own types by returning their encoding.
public protocol BytesConvertible {
    /// The value's bytes as they are stored in Kafka.
    var kafkaBytes: Bytes { get }
}

extension Bytes: BytesConvertible {
    /// The value itself, without a copy.
    public var kafkaBytes: Bytes { self }
}

extension String: BytesConvertible {
    /// The UTF-8 of the string.
    public var kafkaBytes: Bytes { Bytes(self) }
}

extension Substring: BytesConvertible {
    /// The UTF-8 of the string.
    public var kafkaBytes: Bytes { Bytes(self) }
}

extension Array: BytesConvertible where Element == UInt8 {
    /// A copy of the elements.
    public var kafkaBytes: Bytes { Bytes(self) }
}

extension ArraySlice: BytesConvertible where Element == UInt8 {
    /// A copy of the elements.
    public var kafkaBytes: Bytes { Bytes(self) }
}

extension ContiguousArray: BytesConvertible where Element == UInt8 {
    /// A copy of the elements.
    public var kafkaBytes: Bytes { Bytes(self) }
}

extension String {
    /// Creates the text of `bytes`, or returns nil if `bytes` is nil or not valid UTF-8.
    public init?(_ bytes: Bytes?) {
        guard let bytes, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        self = text
    }
}
