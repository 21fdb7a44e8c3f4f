// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory
package import KafkaProtocol

/// Batches compressed in ways that this library doesn't use but other clients do.
package enum ForeignBatch {
    /// Returns a batch of one record, compressed by `compress`.
    package static func of(
        key: Bytes?, _ codec: CompressionCodec, _ compress: ([UInt8]) throws -> [UInt8]
    ) throws -> Bytes {
        var builder = RecordBatchBuilder()
        _ = try builder.append(
            key: key, value: Bytes(String(repeating: "paid ", count: 40)), headers: [], timestamp: 1000, limit: .max)
        let plain = builder.finish().flatMap { Array($0) }
        var bytes = Array(plain[..<61]) + (try compress(Array(plain[61...])))
        bytes[22] = UInt8(codec.rawValue)
        func put(_ value: UInt32, at position: Int) {
            withUnsafeBytes(of: value.bigEndian) { bytes.replaceSubrange(position..<position + 4, with: $0) }
        }
        put(UInt32(bytes.count - 12), at: 8)
        put(bytes[21...].withUnsafeBytes { CRC32C.checksum(of: $0) }, at: 17)
        return Bytes(bytes)
    }

    /// Returns an LZ4 frame with one uncompressed block.
    ///
    /// - Parameters:
    ///   - hasLinkedBlocks: Whether the header says that blocks depend on each other.
    ///   - checksum: The header's checksum. Default: the correct one.
    package static func lz4Frame(_ plain: [UInt8], hasLinkedBlocks: Bool = false, checksum: UInt8? = nil) -> [UInt8] {
        let (flags, rightChecksum): (UInt8, UInt8) = hasLinkedBlocks ? (0x40, 0xc0) : (0x60, 0x82)
        let size = UInt32(plain.count) | 0x8000_0000
        return [0x04, 0x22, 0x4d, 0x18, flags, 0x40, checksum ?? rightChecksum]
            + withUnsafeBytes(of: size.littleEndian) { Array($0) } + plain + [0, 0, 0, 0]
    }
}
