// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if Zstd
import CZstd

/// The zstd codec, using the system's libzstd.
package enum Zstandard: CompressionAlgorithm {
    package static func compress(
        _ input: UnsafeRawBufferPointer, level: Int?, into output: inout CompressionBuffer
    ) throws(CompressionError) {
        guard let context = Self.compressors.take() else { throw .failed(.zstd, "out of memory") }
        defer { Self.compressors.give(context, isKept: ZSTD_sizeof_CCtx(context) <= Self.largestContextKept) }
        let free = try output.free(atLeast: ZSTD_compressBound(input.count))
        let level = Int32(truncatingIfNeeded: level ?? 3)
        let written = ZSTD_compressCCtx(
            context, free.baseAddress, free.count, input.baseAddress, input.count, level)
        guard ZSTD_isError(written) == 0 else { throw .failed(.zstd, Self.reason(written)) }
        output.advance(by: written)
    }

    package static func decompress(
        _ input: UnsafeRawBufferPointer, into output: inout CompressionBuffer
    ) throws(CompressionError) {
        guard let context = Self.decompressors.take() else { throw .failed(.zstd, "out of memory") }
        defer { Self.decompressors.give(context, isKept: ZSTD_sizeof_DCtx(context) <= Self.largestContextKept) }
        ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.largestStreamedWindow)
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        while true {
            let free = try output.free()
            var target = ZSTD_outBuffer(dst: free.baseAddress, size: free.count, pos: 0)
            let taken = source.pos
            let left = ZSTD_decompressStream(context, &target, &source)
            if ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge {
                return try Self.decompressAtOnce(input, in: context, into: &output)
            }
            guard ZSTD_isError(left) == 0 else { throw .malformed(.zstd, Self.reason(left)) }
            output.advance(by: target.pos)
            if source.pos == source.size {
                if left == 0 { return }
                if target.pos < target.size { throw .malformed(.zstd, "they end too early") }
            } else if source.pos == taken, target.pos == 0 {
                throw .malformed(.zstd, "they can't be decoded")
            }
        }
    }

    /// The largest window (log2) that is decoded as a stream: 8 MiB, which level 19 needs.
    ///
    /// Decoding as a stream allocates the window that the frame names before there is any output.
    private static let largestStreamedWindow: Int32 = 23

    /// Decodes a frame with a larger window in one call, which needs no window because the output serves as one.
    ///
    /// Levels from 20 on name windows of up to 128 MiB, however small the batch. The output must be large enough from
    /// the start, so it is retried with a larger one until it fits.
    private static func decompressAtOnce(
        _ input: UnsafeRawBufferPointer, in context: OpaquePointer, into output: inout CompressionBuffer
    ) throws(CompressionError) {
        output.removeAll()
        // A block takes at least three bytes and decompresses to at most 128 KiB.
        let mostThatInputCanHold = (input.count / 3 + 1) << 17
        var size = min(4 * input.count + 65_536, output.limit + 1)
        while true {
            let free = try output.free(atLeast: size)
            let written = ZSTD_decompressDCtx(context, free.baseAddress, free.count, input.baseAddress, input.count)
            if ZSTD_isError(written) == 0 {
                output.advance(by: written)
                return
            }
            guard ZSTD_getErrorCode(written) == ZSTD_error_dstSize_tooSmall, size <= mostThatInputCanHold else {
                throw .malformed(.zstd, Self.reason(written))
            }
            guard size <= output.limit else { throw .limitExceeded(.zstd, limit: output.limit) }
            size = min(2 * free.count, output.limit + 1)
        }
    }

    private static func reason(_ status: Int) -> String {
        String(cString: ZSTD_getErrorName(status))
    }

    // MARK: Contexts

    private static let compressors = ContextPool(make: ZSTD_createCCtx, free: { _ = ZSTD_freeCCtx($0) })
    private static let decompressors = ContextPool(make: ZSTD_createDCtx, free: { _ = ZSTD_freeDCtx($0) })

    /// The largest context that is kept. High levels and malicious frames make very large ones.
    private static let largestContextKept = 16 << 20
}
#endif
