// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory

/// A header of a record: a name and a value that may be null. A record may have several of one name, in order (KIP-82).
public struct RecordHeader: Hashable, Sendable {
    /// The header's name.
    public var key: String
    /// The header's value.
    public var value: Bytes?

    /// A header. A value of nil is null, which is not the same as an empty one.
    public init(_ key: String, _ value: Bytes?) {
        self.key = key
        self.value = value
    }

    /// A header whose value is a string, as UTF-8, or bytes.
    @_disfavoredOverload
    public init(_ key: String, _ value: any BytesConvertible) {
        self.init(key, value.kafkaBytes)
    }
}

extension [RecordHeader] {
    /// The value of the last header of a name; nil if there is none, or if it is null.
    public subscript(name: String) -> Bytes? {
        self.last { $0.key == name }?.value
    }
}
