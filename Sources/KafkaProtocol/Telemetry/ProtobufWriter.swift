// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Writes messages of Protocol Buffers, as far as `MetricsData` needs it.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// How a field is encoded, in the lowest three bits of its key.
    enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case delimited = 2
        case fixed32 = 5
    }

    mutating func write(_ field: Int, _ number: UInt64) {
        self.writeKey(field, .varint)
        self.writeVarint(number)
    }

    mutating func write(_ field: Int, fixed number: UInt64) {
        self.writeKey(field, .fixed64)
        withUnsafeBytes(of: number.littleEndian) { self.bytes += $0 }
    }

    mutating func write(_ field: Int, _ text: String) { self.write(field, content: text.utf8) }

    /// Writes a message that a closure fills.
    mutating func write(_ field: Int, _ fill: (inout ProtobufWriter) -> Void) {
        var message = ProtobufWriter()
        fill(&message)
        self.write(field, content: message.bytes)
    }

    private mutating func write(_ field: Int, content: some Collection<UInt8>) {
        self.writeKey(field, .delimited)
        self.writeVarint(UInt64(content.count))
        self.bytes += content
    }

    private mutating func writeKey(_ field: Int, _ type: WireType) {
        self.writeVarint(UInt64(field) << 3 | type.rawValue)
    }

    private mutating func writeVarint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(rest))
    }
}
