// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// How the records of a batch are compressed. The raw value is the number that a batch's attributes hold.
@nonexhaustive
public enum CompressionCodec: Int8, Hashable, Sendable, CaseIterable {
    /// Not at all.
    case none = 0
    /// gzip.
    case gzip = 1
    /// Snappy, in the framing of the Java library xerial.
    case snappy = 2
    /// The LZ4 frame format.
    case lz4 = 3
    /// Zstandard: Kafka 2.1 and later (KIP-110).
    case zstd = 4
}

extension CompressionCodec: CustomStringConvertible {
    /// The codec's name as Kafka's setting `compression.type` has it.
    public var description: String {
        switch self {
        case .none: "none"
        case .gzip: "gzip"
        case .snappy: "snappy"
        case .lz4: "lz4"
        case .zstd: "zstd"
        }
    }
}
