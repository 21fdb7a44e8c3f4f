// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory

/// A header of a record: a key and a nullable value. A record can have several headers with the same key (KIP-82).
public struct RecordHeader: Hashable, Sendable {
    /// The header's key.
    public var key: String
    /// The header's value, or nil for null.
    public var value: Bytes?

    /// Creates a header. Null (nil) and an empty value are different values.
    public init(_ key: String, _ value: Bytes?) {
        self.key = key
        self.value = value
    }

    /// Creates a header with a string, encoded as UTF-8, or bytes as its value.
    @_disfavoredOverload
    public init(_ key: String, _ value: any BytesConvertible) {
        self.init(key, value.kafkaBytes)
    }
}

extension [RecordHeader] {
    /// The value of the last header with this key, or nil if there is none or its value is null.
    public subscript(name: String) -> Bytes? {
        self.last { $0.key == name }?.value
    }
}
