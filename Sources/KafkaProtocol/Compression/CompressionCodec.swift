// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The compression of a record batch. The raw value is the number in the batch's attributes.
@nonexhaustive
public enum CompressionCodec: Int8, Hashable, Sendable, CaseIterable {
    /// No compression.
    case none = 0
    /// gzip.
    case gzip = 1
    /// Snappy in the framing of xerial's Java library.
    case snappy = 2
    /// The LZ4 frame format.
    case lz4 = 3
    /// Zstandard, for brokers from Kafka 2.1 on (KIP-110).
    case zstd = 4
}

extension CompressionCodec: CustomStringConvertible {
    /// The codec's name in Kafka's setting `compression.type`.
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
