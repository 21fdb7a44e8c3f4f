// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// The checksum in the header of an LZ4 frame.
///
/// Before 0.10, Kafka computed it over the magic number too (KIP-57). Legacy message sets (magic 0) still have that
/// checksum, which liblz4 rejects.
package enum LZ4HeaderChecksum {
    private static let magic: [UInt8] = [0x04, 0x22, 0x4d, 0x18]

    /// Returns a copy of an LZ4 frame with the correct header checksum, or `frame` itself if it isn't an LZ4 frame.
    package static func repaired(_ frame: Bytes) -> Bytes {
        guard frame.count >= 7, frame.starts(with: Self.magic) else { return frame }
        let hasContentSize = frame[4] & 0x08 != 0
        let hasDictionaryID = frame[4] & 0x01 != 0
        let end = 6 + (hasContentSize ? 8 : 0) + (hasDictionaryID ? 4 : 0)
        guard frame.count > end else { return frame }
        let storage = ByteStorage(minimumCapacity: frame.count)
        frame.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(start: storage.base, count: $0.count).copyMemory(from: $0)
        }
        let checksum = UInt8(truncatingIfNeeded: Self.hash(Array(frame[4..<end])[...]) >> 8)
        storage.base.storeBytes(of: checksum, toByteOffset: end, as: UInt8.self)
        return Bytes(storage: storage, offset: 0, count: frame.count)
    }

    /// Returns the xxHash32 with seed 0 of fewer than 16 bytes, which is all that a header needs.
    private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        let primes: [UInt32] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1]
        func rotated(_ value: UInt32, by bits: UInt32) -> UInt32 { value << bits | value >> (32 - bits) }

        var hash = primes[4] &+ UInt32(bytes.count)
        var rest = bytes
        while rest.count >= 4 {
            let word = rest.prefix(4).reversed().reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
            hash = rotated(hash &+ word &* primes[2], by: 17) &* primes[3]
            rest = rest.dropFirst(4)
        }
        for byte in rest { hash = rotated(hash &+ UInt32(byte) &* primes[4], by: 11) &* primes[0] }
        hash = (hash ^ hash >> 15) &* primes[1]
        hash = (hash ^ hash >> 13) &* primes[2]
        return hash ^ hash >> 16
    }
}
