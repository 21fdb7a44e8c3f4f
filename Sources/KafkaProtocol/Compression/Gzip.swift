// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import CZlib

/// The gzip codec, using the system's zlib.
package enum Gzip: CompressionAlgorithm {
    /// The largest window (15), plus 16 for a gzip header and trailer instead of zlib's.
    private static let windowBits: Int32 = 15 + 16

    package static func compress(
        _ input: UnsafeRawBufferPointer, level: Int?, into output: inout CompressionBuffer
    ) throws(CompressionError) {
        let stream = try Self.makeStream(input)
        defer { stream.deallocate() }
        let level = level.map { Int32(truncatingIfNeeded: $0) } ?? Z_DEFAULT_COMPRESSION
        let status = deflateInit2_(
            stream, level, Z_DEFLATED, Self.windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw .failed(.gzip, Self.reason(status, stream)) }
        defer { deflateEnd(stream) }
        var free = try output.free(atLeast: Int(deflateBound(stream, UInt(input.count))))
        while true {
            let room = Self.setOutput(free, of: stream)
            let status = deflate(stream, Z_FINISH)
            output.advance(by: room - Int(stream.pointee.avail_out))
            if status == Z_STREAM_END { return }
            guard status == Z_OK || status == Z_BUF_ERROR else { throw .failed(.gzip, Self.reason(status, stream)) }
            free = try output.free()
        }
    }

    package static func decompress(
        _ input: UnsafeRawBufferPointer, into output: inout CompressionBuffer
    ) throws(CompressionError) {
        let stream = try Self.makeStream(input)
        defer { stream.deallocate() }
        let header = UnsafeMutablePointer<gz_header>.allocate(capacity: 1)
        header.initialize(to: gz_header())
        defer { header.deallocate() }
        let status = inflateInit2_(stream, Self.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw .failed(.gzip, Self.reason(status, stream)) }
        defer { inflateEnd(stream) }
        var isFirst = true
        while true {
            let room = Self.setOutput(try output.free(), of: stream)
            let status = inflate(stream, Z_NO_FLUSH)
            output.advance(by: room - Int(stream.pointee.avail_out))
            switch status {
            case Z_STREAM_END:
                // gzip data can consist of several members, one after another.
                if stream.pointee.avail_in == 0 { return }
                inflateReset(stream)
                inflateGetHeader(stream, header)
                isFirst = false
            case Z_OK:
                continue
            case _ where !isFirst && header.pointee.done != 1:
                // Bytes without a complete header are padding, not another member. Brokers store them, and Java skips
                // them.
                return
            case Z_BUF_ERROR:
                throw .malformed(.gzip, "they end too early")
            default:
                throw .malformed(.gzip, Self.reason(status, stream))
            }
        }
    }

    /// Returns a stream that reads `input`. It is allocated because zlib keeps its address, so it must not move.
    private static func makeStream(
        _ input: UnsafeRawBufferPointer
    ) throws(CompressionError) -> UnsafeMutablePointer<z_stream> {
        guard input.count <= Int32.max else { throw .failed(.gzip, "more than 2 GiB at once") }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        return stream
    }

    /// Makes the stream write to `output`. Returns the number of bytes that one call can write.
    private static func setOutput(
        _ output: UnsafeMutableRawBufferPointer, of stream: UnsafeMutablePointer<z_stream>
    ) -> Int {
        let room = min(output.count, Int(Int32.max))
        stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(room)
        return room
    }

    private static func reason(_ status: Int32, _ stream: UnsafeMutablePointer<z_stream>) -> String {
        stream.pointee.msg.map { String(cString: $0) } ?? "zlib's error \(status)"
    }
}
