// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@Suite struct ByteReaderTests {
    // MARK: Fixed-size numbers

    @Test func numbersAreBigEndian() throws {
        var reader = ByteReader([
            0x80, 0x7f, 0xff, 0xff, 0xfe, 0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0,
        ])
        #expect(try reader.readInt8() == .min)
        #expect(try reader.readInt16() == .max)
        #expect(try reader.readUInt16() == 0xfffe)
        #expect(try reader.readInt32() == .min)
        #expect(try reader.readInt64() == .max)
        #expect(try reader.readBool() == true)
        #expect(try reader.readBool() == false)
        try reader.finish()
    }

    @Test func aTruncatedNumberIsAnError() throws {
        var reader = ByteReader([1, 2, 3, 4, 5, 6, 7])
        #expect(throws: ProtocolError.truncated(needed: 8, remaining: 7)) { _ = try reader.readInt64() }
        // A failed read consumes nothing.
        #expect(try reader.readInt32() == 0x0102_0304)
        #expect(throws: ProtocolError.trailingBytes(3)) { try reader.finish() }
    }

    @Test func aReaderOfASliceStaysInIt() throws {
        let whole: Bytes = [1, 2, 3, 4, 5, 6]
        var reader = ByteReader(whole[1..<4])
        #expect(try reader.readInt16() == 0x0203)
        #expect(reader.position == 2 && reader.remaining == 1)
        #expect(throws: ProtocolError.truncated(needed: 2, remaining: 1)) { _ = try reader.readInt16() }
    }

    // MARK: Varints

    static let unsigned: [(Bytes, UInt32)] = [
        ([0x00], 0), ([0x7f], 127), ([0x80, 0x01], 128), ([0xff, 0x7f], 16383), ([0x80, 0x80, 0x01], 16384),
        ([0xff, 0xff, 0xff, 0xff, 0x07], 0x7fff_ffff), ([0xff, 0xff, 0xff, 0xff, 0x0f], .max),
    ]

    @Test(arguments: unsigned)
    func unsignedVarintsAreReadAndWritten(bytes: Bytes, value: UInt32) throws {
        var reader = ByteReader(bytes)
        #expect(try reader.readUnsignedVarint() == value)
        try reader.finish()
        var writer = ByteWriter()
        writer.writeUnsignedVarint(value)
        #expect(writer.finishContiguous() == bytes)
    }

    static let zigzag: [(Bytes, Int32)] = [
        ([0x00], 0), ([0x01], -1), ([0x02], 1), ([0x7f], -64), ([0x80, 0x01], 64),
        ([0xfe, 0xff, 0xff, 0xff, 0x0f], .max), ([0xff, 0xff, 0xff, 0xff, 0x0f], .min),
    ]

    @Test(arguments: zigzag)
    func signedVarintsAreZigzag(bytes: Bytes, value: Int32) throws {
        var reader = ByteReader(bytes)
        #expect(try reader.readVarint() == value)
        var long = ByteReader(bytes)
        #expect(try long.readVarlong() == Int64(value))
    }

    @Test func varlongsReachTheLimits() throws {
        let ones = [UInt8](repeating: 0xff, count: 8)
        var highest = ByteReader(Bytes([0xfe] + ones + [0x01]))
        #expect(try highest.readVarlong() == .max)
        var lowest = ByteReader(Bytes([0xff] + ones + [0x01]))
        #expect(try lowest.readVarlong() == .min)
    }

    @Test(
        arguments: [
            [0x80, 0x80, 0x80, 0x80, 0x10], [0xff, 0xff, 0xff, 0xff, 0x7f], [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
        ] as [Bytes])
    func aVarintOfMoreThan32BitsIsRefused(bytes: Bytes) {
        var reader = ByteReader(bytes)
        #expect(throws: ProtocolError.invalidVarint) { _ = try reader.readUnsignedVarint() }
    }

    @Test func aVarlongOfMoreThan64BitsIsRefused() {
        for last: [UInt8] in [[0x02], [0x80, 0x00]] {
            var reader = ByteReader(Bytes([UInt8](repeating: 0x80, count: 9) + last))
            #expect(throws: ProtocolError.invalidVarint) { _ = try reader.readVarlong() }
        }
    }

    @Test func aVarintThatDoesNotEndIsTruncated() {
        var reader = ByteReader([0x80, 0x80])
        #expect(throws: ProtocolError.truncated(needed: 1, remaining: 0)) { _ = try reader.readUnsignedVarint() }
        var long = ByteReader([0x80, 0x80])
        #expect(throws: ProtocolError.truncated(needed: 1, remaining: 0)) { _ = try long.readVarlong() }
    }

    // MARK: Strings, bytes, arrays

    @Test func nullAndEmptyAreDistinct() throws {
        var reader = ByteReader([0xff, 0xff, 0, 0, 0, 1])
        #expect(try reader.readNullableString(flexible: false) == nil)
        #expect(try reader.readNullableString(flexible: false) == "")
        #expect(try reader.readNullableString(flexible: true) == nil)
        #expect(try reader.readNullableString(flexible: true) == "")
    }

    @Test func aLengthBelowMinusOneIsRefused() {
        var string = ByteReader([0xff, 0xfe, 0x61, 0x62])
        #expect(throws: ProtocolError.invalidLength(-2)) { _ = try string.readNullableString(flexible: false) }
        var bytes = ByteReader([0x80, 0, 0, 0])
        #expect(throws: ProtocolError.invalidLength(Int(Int32.min))) {
            _ = try bytes.readNullableBytes(flexible: false)
        }
        var array = ByteReader([0xff, 0xff, 0xff, 0xfe])
        #expect(throws: ProtocolError.invalidLength(-2)) { _ = try array.readNullableArrayCount(flexible: false) }
        var slice = ByteReader([1])
        #expect(throws: ProtocolError.invalidLength(-1)) { _ = try slice.readSlice(count: -1) }
    }

    @Test func aLengthBeyondTheBytesIsRefused() {
        var string = ByteReader([0x7f, 0xff, 0x61])
        #expect(throws: ProtocolError.truncated(needed: 0x7fff, remaining: 1)) {
            _ = try string.readNullableString(flexible: false)
        }
        var compact = ByteReader([0xff, 0xff, 0xff, 0xff, 0x0f, 0x61])
        #expect(throws: ProtocolError.truncated(needed: Int(UInt32.max) - 1, remaining: 1)) {
            _ = try compact.readNullableBytes(flexible: true)
        }
    }

    @Test func anArrayOfMoreElementsThanBytesIsRefusedBeforeAllocating() throws {
        var array = ByteReader([0x7f, 0xff, 0xff, 0xff, 0, 0])
        #expect(throws: ProtocolError.invalidLength(Int(Int32.max))) {
            _ = try array.readNullableArrayCount(flexible: false)
        }
        var compact = ByteReader([0xff, 0xff, 0xff, 0xff, 0x0f, 0])
        #expect(throws: ProtocolError.invalidLength(Int(UInt32.max) - 1)) {
            _ = try compact.readNullableArrayCount(flexible: true)
        }
        var exact = ByteReader([3, 7, 7])
        #expect(try exact.readNullableArrayCount(flexible: true) == 2)
        var oneMore = ByteReader([4, 7, 7])
        #expect(throws: ProtocolError.invalidLength(3)) { _ = try oneMore.readNullableArrayCount(flexible: true) }
    }

    @Test func aStringThatIsNotUTF8IsRefused() {
        var reader = ByteReader([0, 2, 0xc3, 0x28])
        #expect(throws: ProtocolError.invalidString) { _ = try reader.readNullableString(flexible: false) }
    }

    @Test func bytesAreSlicesOfTheInput() throws {
        let input: Bytes = [0, 0, 0, 2, 8, 9]
        var reader = ByteReader(input)
        let bytes = try #require(try reader.readNullableBytes(flexible: false))
        #expect(bytes == [8, 9])
        #expect(bytes.storage === input.storage)
    }

    /// Elements of arrays and tagged fields count, at any depth.
    @Test func anArrayAboveTheElementLimitIsRefusedBeforeItIsRead() throws {
        // Two arrays of one byte each, and a tagged field.
        let bytes: Bytes = [2, 7, 2, 8, 1, 5, 0]
        for (limit, isEnough) in [(3, true), (2, false), (1, false), (0, false)] {
            var reader = ByteReader(bytes, elementLimit: limit)
            do throws(ProtocolError) {
                for _ in 0..<2 {
                    let count = try reader.readArrayCount("numbers", flexible: true)
                    for _ in 0..<count { _ = try reader.readInt8() }
                }
                #expect(try reader.readTaggedFields().map(\.tag) == [5])
                #expect(isEnough, "\(limit)")
            } catch {
                #expect(!isEnough, "\(limit): \(error)")
            }
        }
    }
}
