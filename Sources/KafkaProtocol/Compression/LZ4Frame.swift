// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if LZ4
import CLZ4

/// The lz4 codec: the LZ4 frame format, using the system's liblz4.
package enum LZ4Frame: CompressionAlgorithm {
    package static func compress(
        _ input: UnsafeRawBufferPointer, level: Int?, into output: inout CompressionBuffer
    ) throws(CompressionError) {
        // Kafka's Java reader requires independent blocks, and its writer uses 64 KiB.
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        preferences.frameInfo.blockSizeID = LZ4F_max64KB
        preferences.compressionLevel = Int32(truncatingIfNeeded: level ?? 0)
        let free = try output.free(atLeast: LZ4F_compressFrameBound(input.count, &preferences))
        let written = LZ4F_compressFrame(free.baseAddress, free.count, input.baseAddress, input.count, &preferences)
        guard LZ4F_isError(written) == 0 else { throw .failed(.lz4, Self.reason(written)) }
        output.advance(by: written)
    }

    package static func decompress(
        _ input: UnsafeRawBufferPointer, into output: inout CompressionBuffer
    ) throws(CompressionError) {
        guard let context = Self.decompressors.take() else { throw .failed(.lz4, "out of memory") }
        LZ4F_resetDecompressionContext(context)
        defer { Self.decompressors.give(context, isKept: Self.hasSmallBlocks(input)) }

        var rest = input
        while true {
            let free = try output.free()
            var written = free.count
            var taken = rest.count
            let left = LZ4F_decompress(context, free.baseAddress, &written, rest.baseAddress, &taken, nil)
            guard LZ4F_isError(left) == 0 else { throw .malformed(.lz4, Self.reason(left)) }
            output.advance(by: written)
            rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
            if left == 0, !Self.beginsFrame(rest) {
                // Brokers read one frame and store the bytes after it unread.
                return
            }
            if rest.isEmpty {
                if written < free.count { throw .malformed(.lz4, "they end too early") }
            } else if taken == 0, written == 0 {
                throw .malformed(.lz4, "they can't be decoded")
            }
        }
    }

    private static let decompressors = ContextPool(
        make: {
            var context: OpaquePointer?
            return LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 ? context : nil
        },
        free: { _ = LZ4F_freeDecompressionContext($0) })

    /// Returns whether the frame's blocks have at most 256 KiB, according to the descriptor in its sixth byte.
    ///
    /// A context has buffers for some blocks, and with blocks of 4 MiB it is too large to keep.
    private static func hasSmallBlocks(_ frame: UnsafeRawBufferPointer) -> Bool {
        frame.count > 5 && frame[5] >> 4 & 7 <= 5
    }

    /// Returns whether `bytes` begin with a frame or a skippable frame.
    private static func beginsFrame(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 4 else { return false }
        let magic = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        return magic == 0x184d_2204 || magic & 0xffff_fff0 == 0x184d_2a50
    }

    private static func reason(_ status: Int) -> String {
        String(cString: LZ4F_getErrorName(status))
    }
}
#endif
