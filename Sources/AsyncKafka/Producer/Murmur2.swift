// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The 32-bit hash that Kafka's clients share for keys: the same key must go to the same partition whoever sends it.
enum Murmur2 {
    /// The hash of a key, with Kafka's seed.
    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        let count = bytes.count
        var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: count)
        var position = 0
        while position &+ 4 <= count {
            var word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            word = word &* multiplier
            word ^= word >> 24
            word = word &* multiplier
            hash = (hash &* multiplier) ^ word
            position &+= 4
        }
        if position < count {
            var rest: UInt32 = 0
            for offset in stride(from: count &- position &- 1, through: 0, by: -1) {
                rest = rest << 8 | UInt32(bytes[position &+ offset])
            }
            hash = (hash ^ rest) &* multiplier
        }
        hash ^= hash >> 13
        hash = hash &* multiplier
        return hash ^ (hash >> 15)
    }

    /// The hash of a key without its sign bit, as Kafka takes it modulo the number of partitions.
    static func positiveHash(_ key: Bytes) -> UInt32 {
        key.withUnsafeBytes { self.hash($0) } & 0x7fff_ffff
    }
}
