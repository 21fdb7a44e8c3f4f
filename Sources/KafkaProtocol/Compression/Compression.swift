// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A producer's compression setting: a codec and, for codecs that have levels, a level (KIP-390).
///
/// ```swift
/// configuration.compression = .zstd
/// configuration.compression = .gzip(level: 9)
/// ```
public struct Compression: Hashable, Sendable {
    /// The codec.
    public let codec: CompressionCodec
    /// The compression level, or nil for the codec's default. Higher levels compress better and take longer.
    public let level: Int?

    private init(_ codec: CompressionCodec, level: Int? = nil) {
        self.codec = codec
        self.level = level
    }

    /// No compression.
    public static let none = Compression(.none)
    /// gzip at zlib's default level, 6.
    public static let gzip = Compression(.gzip)
    /// Snappy, which has no levels.
    public static let snappy = Compression(.snappy)
    /// lz4 with its fast method.
    public static let lz4 = Compression(.lz4)
    /// zstd at its default level, 3.
    public static let zstd = Compression(.zstd)

    /// gzip at a level from 1 (fastest) to 9 (smallest).
    public static func gzip(level: Int) -> Compression { Compression(.gzip, level: level) }
    /// lz4 at a level from 1 to 12. Levels 1 and 2 use the fast method, higher levels the high-compression one.
    public static func lz4(level: Int) -> Compression { Compression(.lz4, level: level) }
    /// zstd at a level from -131072 (fastest) to 22 (smallest). Levels from 20 on take a lot of memory.
    public static func zstd(level: Int) -> Compression { Compression(.zstd, level: level) }

    /// Returns the range of the codec's levels, or nil if it has none.
    package static func levels(of codec: CompressionCodec) -> ClosedRange<Int>? {
        switch codec {
        case .none, .snappy: nil
        case .gzip: 1...9
        case .lz4: 1...12
        case .zstd: -131_072...22
        }
    }

    /// Throws if the level is outside of the codec's range or the build doesn't include the codec.
    ///
    /// A producer calls it when it is created, so that the error appears before the first record.
    package func validate() throws(CompressionError) {
        _ = try self.codec.algorithm()
        if let level = self.level, let levels = Self.levels(of: self.codec), !levels.contains(level) {
            throw .invalidLevel(self.codec, level, levels)
        }
    }
}

extension Compression: CustomStringConvertible {
    /// The codec's name and the level, if one is set.
    public var description: String {
        self.level.map { "\(self.codec) (level \($0))" } ?? self.codec.description
    }
}
