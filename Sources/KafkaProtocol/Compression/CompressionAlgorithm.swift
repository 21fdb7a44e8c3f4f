// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// The implementation of a codec. `CompressionCodec.algorithm()` returns it.
package protocol CompressionAlgorithm {
    /// Appends the compressed form of `input` to `output`. `level` is within the codec's range, or nil for its default.
    static func compress(
        _ input: UnsafeRawBufferPointer, level: Int?, into output: inout CompressionBuffer
    ) throws(CompressionError)

    /// Appends the decompressed form of `input` to `output`. Throws as soon as it would exceed the output's limit.
    static func decompress(
        _ input: UnsafeRawBufferPointer, into output: inout CompressionBuffer
    ) throws(CompressionError)
}

extension CompressionCodec {
    /// Returns the codec's implementation, or nil for `none`. Throws if the codec's package trait is off.
    package func algorithm() throws(CompressionError) -> (any CompressionAlgorithm.Type)? {
        switch self {
        case .none:
            return nil
        case .gzip:
            return Gzip.self
        case .snappy:
            #if Snappy
            return SnappyFraming.self
            #else
            throw .unavailable(self, trait: "Snappy")
            #endif
        case .lz4:
            #if LZ4
            return LZ4Frame.self
            #else
            throw .unavailable(self, trait: "LZ4")
            #endif
        case .zstd:
            #if Zstd
            return Zstandard.self
            #else
            throw .unavailable(self, trait: "Zstd")
            #endif
        }
    }

    /// Returns the compressed form of `bytes` with the codec's default level, or `bytes` itself for `none`.
    package func compress(_ bytes: Bytes) throws(CompressionError) -> Bytes {
        guard let algorithm = try self.algorithm() else { return bytes }
        var output = CompressionBuffer(
            codec: self, sizeHint: bytes.count + bytes.count / 6 + 1024, limit: Int(Int32.max))
        try bytes.withUnsafeBytes { (input) throws(CompressionError) in
            try algorithm.compress(input, level: nil, into: &output)
        }
        return try output.finish()
    }

    /// Returns the decompressed form of `bytes`, or `bytes` itself for `none`. Throws if it has more than `limit`
    /// bytes.
    ///
    /// Memory is allocated as output is produced, never by a size that the input claims.
    package func decompress(_ bytes: Bytes, limit: Int) throws(CompressionError) -> Bytes {
        guard let algorithm = try self.algorithm() else {
            if bytes.count > limit { throw .limitExceeded(self, limit: limit) }
            return bytes
        }
        var output = CompressionBuffer(codec: self, sizeHint: 4 * bytes.count, limit: limit)
        try bytes.withUnsafeBytes { (input) throws(CompressionError) in
            try algorithm.decompress(input, into: &output)
        }
        return try output.finish()
    }
}
