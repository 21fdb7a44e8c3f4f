// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// What a codec can do. Each codec is one type in a file of its own; `CompressionCodec.algorithm()` finds it.
package protocol CompressionAlgorithm {
    /// Appends the compressed form of `input` to `output`. `level` is one that the codec has, or nil for its default.
    static func compress(
        _ input: UnsafeRawBufferPointer, level: Int?, into output: inout CompressionBuffer
    ) throws(CompressionError)

    /// Appends what `input` is the compressed form of to `output`, or throws once that would pass the output's limit.
    static func decompress(
        _ input: UnsafeRawBufferPointer, into output: inout CompressionBuffer
    ) throws(CompressionError)
}

extension CompressionCodec {
    /// The codec's implementation, nil for `none`. Throws if its package trait is off.
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

    /// What `bytes` are the compressed form of: at most `limit` bytes, otherwise an error. For `none`, `bytes` itself.
    ///
    /// Memory is taken as output is made, never because the input claims a size.
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
