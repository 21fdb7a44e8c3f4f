// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// An error in compressing or decompressing bytes.
package enum CompressionError: Error, Hashable, Sendable {
    /// The build doesn't include the codec, because the package trait of that name is off.
    case unavailable(CompressionCodec, trait: String)
    /// The batch names a codec that this library doesn't know.
    case unknownCodec(Int8)
    /// The level is outside of the codec's range.
    case invalidLevel(CompressionCodec, Int, ClosedRange<Int>)
    /// The compressed bytes are damaged or incomplete.
    case malformed(CompressionCodec, String)
    /// The decompressed bytes would exceed the limit.
    case limitExceeded(CompressionCodec, limit: Int)
    /// The compression library failed, for example because memory ran out.
    case failed(CompressionCodec, String)
}

extension CompressionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let codec, let trait):
            "\(codec) compression is not in this build: enable the trait \"\(trait)\" of the package async-kafka"
        case .unknownCodec(let number):
            "there is no compression codec with the number \(number)"
        case .invalidLevel(let codec, let level, let levels):
            "\(codec) has no level \(level): it goes from \(levels.lowerBound) to \(levels.upperBound)"
        case .malformed(let codec, let reason):
            "the \(codec)-compressed bytes are damaged: \(reason)"
        case .limitExceeded(let codec, let limit):
            "the \(codec)-compressed bytes hold more than the allowed \(limit) bytes"
        case .failed(let codec, let reason):
            "\(codec) failed: \(reason)"
        }
    }
}
