// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if Snappy
import CSnappy

/// The snappy codec, in the framing of xerial's Java library, which Kafka uses: a header, then blocks preceded by their
/// lengths.
///
/// Input without that header is read as a single raw block, which some clients write.
package enum SnappyFraming: CompressionAlgorithm {
    private static let magic: [UInt8] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
    /// The magic bytes, the version and the lowest compatible version, both 1.
    private static let header: [UInt8] = Self.magic + [0, 0, 0, 1, 0, 0, 0, 1]
    /// The block size of xerial's library.
    private static let blockSize = 32 * 1024

    package static func compress(
        _ input: UnsafeRawBufferPointer, level: Int?, into output: inout CompressionBuffer
    ) throws(CompressionError) {
        try output.free(atLeast: Self.header.count).copyBytes(from: Self.header)
        output.advance(by: Self.header.count)
        var position = 0
        while position < input.count {
            let block = UnsafeRawBufferPointer(rebasing: input[position...].prefix(Self.blockSize))
            position += block.count
            let free = try output.free(atLeast: 4 + snappy_max_compressed_length(block.count))
            let target = UnsafeMutableRawBufferPointer(rebasing: free[4...])
            var written = target.count
            let status = snappy_compress(
                block.assumingMemoryBound(to: CChar.self).baseAddress, block.count,
                target.assumingMemoryBound(to: CChar.self).baseAddress, &written)
            guard status == SNAPPY_OK else { throw .failed(.snappy, "the library's error \(status.rawValue)") }
            free.storeBytes(of: UInt32(truncatingIfNeeded: written).bigEndian, as: UInt32.self)
            output.advance(by: 4 + written)
        }
    }

    package static func decompress(
        _ input: UnsafeRawBufferPointer, into output: inout CompressionBuffer
    ) throws(CompressionError) {
        guard input.starts(with: Self.magic) else {
            try Self.decompressBlock(input, into: &output)
            return
        }
        var position = 0
        while position < input.count {
            // Streams can be concatenated, so a header can appear wherever a block can.
            if input[position...].starts(with: Self.magic) {
                position += Self.header.count
                guard position <= input.count else { throw .malformed(.snappy, "the header is cut off") }
                continue
            }
            // xerial's library ends at a rest that is too short for a block's length, and brokers store such batches.
            guard input.count - position >= 4 else { return }
            let length = Int(Int32(bigEndian: input.loadUnaligned(fromByteOffset: position, as: Int32.self)))
            position += 4
            guard length >= 0, length <= input.count - position else {
                throw .malformed(.snappy, "a block says it has \(length) bytes, and \(input.count - position) are left")
            }
            try Self.decompressBlock(
                UnsafeRawBufferPointer(rebasing: input[position..<position + length]), into: &output)
            position += length
        }
    }

    private static func decompressBlock(
        _ block: UnsafeRawBufferPointer, into output: inout CompressionBuffer
    ) throws(CompressionError) {
        let source = block.assumingMemoryBound(to: CChar.self).baseAddress
        var size = 0
        guard snappy_uncompressed_length(source, block.count, &size) == SNAPPY_OK else {
            throw .malformed(.snappy, "a block has no size")
        }
        // Three bytes decompress to at most 64, so a block that claims more is invalid. Reject it before allocating.
        guard size <= 22 * block.count else {
            throw .malformed(.snappy, "a block of \(block.count) bytes says it holds \(size)")
        }
        let free = try output.free(atLeast: max(size, 1))
        var written = free.count
        let status = snappy_uncompress(
            source, block.count, free.assumingMemoryBound(to: CChar.self).baseAddress, &written)
        guard status == SNAPPY_OK else { throw .malformed(.snappy, "a block can't be decoded") }
        output.advance(by: written)
    }
}
#endif
