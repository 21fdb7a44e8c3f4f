// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import CInstructions

/// CRC-32C (Castagnoli): the checksum of record batches.
///
/// It uses the CPU's instruction if there is one, otherwise tables that process eight bytes per step.
package enum CRC32C {
    private static let hasInstruction = ckafka_crc32c_prepare()

    /// Returns the checksum of `bytes`, continuing from the checksum of the bytes before them (0 if there are none).
    package static func checksum(of bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
        guard let start = bytes.baseAddress else { return crc }
        if self.hasInstruction { return ckafka_crc32c_instruction(crc, start, bytes.count) }
        return self.checksumByTable(of: bytes, continuing: crc)
    }

    /// Eight tables of 256 entries. Entry `256 * n + b` is the checksum register after byte `b` and `n` zero bytes.
    private static let table: [UInt32] = {
        var table = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 0 ? 0 : 0x82f6_3b78) }
            table[byte] = crc
        }
        for entry in 256..<table.count {
            let previous = table[entry - 256]
            table[entry] = previous >> 8 ^ table[Int(previous & 0xff)]
        }
        return table
    }()

    /// Returns the checksum, computed with the tables.
    package static func checksumByTable(of bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
        self.table.withUnsafeBufferPointer { table in
            var crc = ~crc
            var position = 0
            while position + 8 <= bytes.count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                let mixed = word ^ UInt64(crc)
                crc = 0
                for step in 0..<8 {
                    crc ^= table[(7 - step) << 8 | Int(mixed >> UInt64(8 * step) & 0xff)]
                }
                position += 8
            }
            while position < bytes.count {
                crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[position])) & 0xff)]
                position += 1
            }
            return ~crc
        }
    }
}
