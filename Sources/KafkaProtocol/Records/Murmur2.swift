// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// The hash function by which Kafka's default partitioner assigns keys to partitions.
package enum Murmur2 {
    /// Returns the signed 32-bit hash of `bytes`, as Kafka's clients compute it.
    package static func hash(_ bytes: Bytes) -> Int32 {
        let multiplier: UInt32 = 0x5bd1_e995
        return bytes.withUnsafeBytes { bytes in
            var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
            var position = 0
            while position + 4 <= bytes.count {
                var word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
                word &*= multiplier
                word ^= word >> 24
                hash = hash &* multiplier ^ word &* multiplier
                position += 4
            }
            let rest = bytes.count - position
            if rest > 0 {
                if rest > 2 { hash ^= UInt32(bytes[position + 2]) << 16 }
                if rest > 1 { hash ^= UInt32(bytes[position + 1]) << 8 }
                hash ^= UInt32(bytes[position])
                hash &*= multiplier
            }
            hash ^= hash >> 13
            hash &*= multiplier
            hash ^= hash >> 15
            return Int32(bitPattern: hash)
        }
    }

    /// Returns the partition of a key among `count` partitions, which must be positive.
    package static func partition(of key: Bytes, among count: Int32) -> Int32 {
        (self.hash(key) & 0x7fff_ffff) % count
    }
}
