// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// An optional field of a flexible version (KIP-482), in encoded form.
///
/// Messages keep tagged fields that they don't know, so that decoding and encoding preserves them.
package struct TaggedField: Hashable, Sendable {
    package var tag: UInt32
    package var data: Bytes

    package init(tag: UInt32, data: Bytes) {
        self.tag = tag
        self.data = data
    }
}

extension ByteReader {
    /// Reads one tagged field.
    @inline(never)
    package mutating func readTaggedField() throws(ProtocolError) -> TaggedField {
        try self.takeElements(1)
        let tag = try self.readUnsignedVarint()
        let count = try self.readUnsignedVarint()
        return TaggedField(tag: tag, data: try self.readSlice(count: Int(count)))
    }

    /// Reads the tagged fields at the end of a structure that defines none itself.
    @inline(never)
    package mutating func readTaggedFields() throws(ProtocolError) -> [TaggedField] {
        var fields: [TaggedField] = []
        let count = try self.readUnsignedVarint()
        for _ in 0..<count { fields.append(try self.readTaggedField()) }
        return fields
    }
}

extension ByteWriter {
    /// Writes the tagged fields at the end of a structure, sorted by tag.
    @inline(never)
    package mutating func writeTaggedFields(_ fields: [TaggedField]) throws(ProtocolError) {
        self.writeUnsignedVarint(UInt32(truncatingIfNeeded: fields.count))
        guard !fields.isEmpty else { return }
        var previous: UInt32?
        for field in fields.sorted(by: { $0.tag < $1.tag }) {
            guard field.tag != previous else { throw .malformed("tag \(field.tag) occurs twice") }
            guard field.data.count <= Int32.max else { throw .tooLong(field: "tag", count: field.data.count) }
            previous = field.tag
            self.writeUnsignedVarint(field.tag)
            self.writeUnsignedVarint(UInt32(field.data.count))
            self.writeRaw(field.data)
        }
    }
}
