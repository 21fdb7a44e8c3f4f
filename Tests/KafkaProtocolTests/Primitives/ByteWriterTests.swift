// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@Suite struct ByteWriterTests {
    @Test func writtenValuesAreReadBack() throws {
        var writer = ByteWriter(capacity: 1)
        writer.writeInt8(.min)
        writer.writeInt16(.min)
        writer.writeUInt16(.max)
        writer.writeInt32(.min)
        writer.writeUInt32(.max)
        writer.writeInt64(.min)
        writer.writeBool(true)
        writer.writeDouble(-0.5)
        writer.writeUUID(KafkaUUID(high: 1, low: .max))
        for flexible in [false, true] {
            try writer.writeNullableString("größe", flexible: flexible)
            try writer.writeNullableString(nil, flexible: flexible)
            try writer.writeNullableBytes(nil, flexible: flexible)
            try writer.writeNullableBytes(Bytes(), flexible: flexible)
            try writer.writeNullableArrayCount(nil, flexible: flexible)
            try writer.writeNullableArrayCount(0, flexible: flexible)
        }
        let count = writer.count
        let bytes = writer.finishContiguous()
        #expect(bytes.count == count)

        var reader = ByteReader(bytes)
        #expect(try reader.readInt8() == .min)
        #expect(try reader.readInt16() == .min)
        #expect(try reader.readUInt16() == .max)
        #expect(try reader.readInt32() == .min)
        #expect(try reader.readUInt32() == .max)
        #expect(try reader.readInt64() == .min)
        #expect(try reader.readBool())
        #expect(try reader.readDouble() == -0.5)
        #expect(try reader.readUUID() == KafkaUUID(high: 1, low: .max))
        for flexible in [false, true] {
            #expect(try reader.readNullableString(flexible: flexible) == "größe")
            #expect(try reader.readNullableString(flexible: flexible) == nil)
            #expect(try reader.readNullableBytes(flexible: flexible) == nil)
            #expect(try reader.readNullableBytes(flexible: flexible) == Bytes())
            #expect(try reader.readNullableArrayCount(flexible: flexible) == nil)
            #expect(try reader.readNullableArrayCount(flexible: flexible) == 0)
        }
        try reader.finish()
    }

    @Test func aStringLongerThanItsLengthFieldIsRefused() throws {
        let longest = String(repeating: "x", count: Int(Int16.max))
        for flexible in [false, true] {
            var writer = ByteWriter()
            try writer.writeNullableString(longest, flexible: flexible)
            #expect(throws: ProtocolError.tooLong(field: "string", count: 32768)) {
                try writer.writeNullableString(longest + "x", flexible: flexible)
            }
        }
    }

    /// The bytes before a large slice, the slice, and the bytes after it stay in order, however small the buffer is.
    @Test func recordsKeepTheirPositionBetweenSmallFields() throws {
        let large = Bytes(repeatElement(7, count: 1024))
        let small: Bytes = [8, 8]
        var writer = ByteWriter(capacity: 16)
        for number in 0..<100 as Range<Int32> {
            writer.writeInt32(number)
            try writer.writeRecords([large, small, Bytes()], flexible: false)
        }
        try writer.writeRecords(nil, flexible: true)
        try writer.writeRecords([], flexible: true)
        #expect(writer.count == 100 * (4 + 4 + 1026) + 2)
        let segments = writer.finish()
        #expect(segments.filter { $0.storage === large.storage }.count == 100)

        var reader = ByteReader(Bytes(segments.flatMap { Array($0) }))
        for number in 0..<100 as Range<Int32> {
            #expect(try reader.readInt32() == number)
            #expect(try reader.readNullableBytes(flexible: false) == Bytes(Array(large) + Array(small)))
        }
        #expect(try reader.readRecords(flexible: true) == nil)
        #expect(try reader.readRecords(flexible: true) == [Bytes()])
        try reader.finish()
    }

    @Test func anUnusedWriterReturnsNoBytes() {
        #expect(ByteWriter().finish().isEmpty)
        #expect(ByteWriter().finishContiguous() == Bytes())
    }
}
