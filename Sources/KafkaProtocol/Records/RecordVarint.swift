// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The variable-length integers of records: zigzag-encoded, base 128, least significant group first.
///
/// Nearly all take one or two bytes and have a path of their own without a loop or a call. The others share functions
/// that take and return values, so that the caller's cursor can stay in registers.
enum RecordVarint {
    @inline(__always)
    static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value &<< 1 ^ value &>> 63)
    }

    @inline(__always)
    static func value(_ zigzag: UInt64) -> Int64 {
        Int64(bitPattern: zigzag &>> 1) ^ (0 &- Int64(bitPattern: zigzag & 1))
    }

    // MARK: Writing

    /// Returns the number of bytes that `value` takes.
    @inline(__always)
    static func size(_ value: Int64) -> Int {
        let zigzag = self.zigzag(value)
        if zigzag < 0x80 { return 1 }
        if zigzag < 0x4000 { return 2 }
        return self.longSize(zigzag)
    }

    @inline(never)
    private static func longSize(_ zigzag: UInt64) -> Int {
        (64 - zigzag.leadingZeroBitCount + 6) / 7
    }

    /// Writes `value` at `target` and moves `target` past it. The caller must have made room.
    @inline(__always)
    static func write(_ value: Int64, to target: inout UnsafeMutableRawPointer) {
        let zigzag = self.zigzag(value)
        if zigzag < 0x80 {
            target.storeBytes(of: UInt8(truncatingIfNeeded: zigzag), as: UInt8.self)
            target += 1
        } else if zigzag < 0x4000 {
            let both = UInt16(truncatingIfNeeded: zigzag & 0x7f | 0x80 | (zigzag &>> 7) &<< 8)
            target.storeBytes(of: both.littleEndian, as: UInt16.self)
            target += 2
        } else {
            target = self.writeLong(zigzag, to: target)
        }
    }

    @inline(never)
    private static func writeLong(_ zigzag: UInt64, to start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        var rest = zigzag
        var target = start
        while rest >= 0x80 {
            target.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            target += 1
            rest &>>= 7
        }
        target.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        return target + 1
    }
}
