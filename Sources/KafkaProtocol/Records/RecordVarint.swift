// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The variable-length integers of records: zigzag, base 128, least significant group first.
enum RecordVarint {
    /// How many bytes `value` takes.
    @inline(__always)
    static func size(_ value: Int64) -> Int {
        // One byte for every seven bits that are used: (bits * 9 + 64) / 64 is that without a division.
        ((64 - (self.zigzag(value) | 1).leadingZeroBitCount) &* 9 &+ 64) >> 6
    }

    @inline(__always)
    static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value &<< 1 ^ value &>> 63)
    }

    @inline(__always)
    static func value(_ zigzag: UInt64) -> Int64 {
        Int64(bitPattern: zigzag &>> 1) ^ (0 &- Int64(bitPattern: zigzag & 1))
    }

    /// Writes `value` at `target` and moves `target` behind it. The caller has made room.
    @inline(__always)
    static func write(_ value: Int64, to target: inout UnsafeMutableRawPointer) {
        var rest = self.zigzag(value)
        while rest >= 0x80 {
            target.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            target += 1
            rest &>>= 7
        }
        target.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        target += 1
    }
}
