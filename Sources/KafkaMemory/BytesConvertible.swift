// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What can be written as a key, a value or a header's value: `Bytes`, strings as their UTF-8, arrays of bytes.
///
/// Types of your own conform by saying what their bytes are; `KafkaFoundation` has Foundation's `Data`.
public protocol BytesConvertible {
    /// The bytes as they are written.
    var kafkaBytes: Bytes { get }
}

extension Bytes: BytesConvertible {
    /// These bytes, not copied.
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
    /// The bytes as text; nil if there are none, or if they are not UTF-8.
    public init?(_ bytes: Bytes?) {
        guard let bytes, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        self = text
    }
}
