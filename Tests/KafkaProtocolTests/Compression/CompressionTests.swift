// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@Suite struct CompressionTests {
    static let codecs = CompressionCodec.allCases.filter { codec in
        codec != .none && (try? codec.algorithm()) != nil
    }

    private static func compressed(_ bytes: Bytes, _ codec: CompressionCodec) throws -> Bytes {
        let algorithm = try #require(try codec.algorithm())
        var output = CompressionBuffer(codec: codec, sizeHint: 0, limit: .max - 1)
        try bytes.withUnsafeBytes { (input) throws(CompressionError) in
            try algorithm.compress(input, level: nil, into: &output)
        }
        return try output.finish()
    }

    @Test(arguments: Self.codecs)
    func dataUpToTheLimitIsDecompressedAndMoreIsRefused(codec: CompressionCodec) throws {
        var random = SeededGenerator(seed: 5)
        for size in [0, 1, 100, 511, 512, 513, 32_768, 65_536, 70_000, 300_000] {
            let plain = random.bytes(size)
            let compressed = try Self.compressed(plain, codec)
            #expect(try codec.decompress(compressed, limit: size) == plain)
            #expect(try codec.decompress(compressed, limit: size + 1) == plain)
            if size > 0 {
                #expect(throws: CompressionError.limitExceeded(codec, limit: size - 1)) {
                    try codec.decompress(compressed, limit: size - 1)
                }
            }
        }
    }

    @Test(arguments: Self.codecs)
    func cutOffAndExtendedInputIsMalformed(codec: CompressionCodec) throws {
        var random = SeededGenerator(seed: 6)
        let plain = random.bytes(5000)
        let whole = try Self.compressed(plain, codec)
        for size in 0..<whole.count {
            // Snappy's framing has no end mark: without any block it is empty.
            if codec == .snappy, (16..<20).contains(size) { continue }
            #expect(throws: CompressionError.self) { try codec.decompress(whole[0..<size], limit: 10_000) }
        }
        // Trailing bytes that Kafka's brokers store are ignored. GzipMembersTests covers gzip in more detail.
        let extended = Bytes(Array(whole) + [1, 2, 3])
        if codec == .zstd {
            #expect(throws: CompressionError.self) { try codec.decompress(extended, limit: 10_000) }
        } else {
            #expect(try codec.decompress(extended, limit: 10_000) == plain)
        }
        #expect(throws: CompressionError.self) { try codec.decompress("this is not compressed", limit: 10_000) }
        // Two consecutive streams are read as one.
        let twice = try codec.decompress(Bytes(Array(whole) + Array(whole)), limit: 10_000)
        #expect(twice == Bytes(Array(plain) + Array(plain)))
    }

    /// A gigabyte of zeros in about a megabyte.
    @Test func decompressionBombsStopAtTheLimit() throws {
        let megabyte = try Self.compressed(Bytes(repeatElement(0, count: 1 << 20)), .gzip)
        let bomb = Bytes((0..<1024).flatMap { _ in megabyte })
        #expect(throws: CompressionError.limitExceeded(.gzip, limit: 5_000_000)) {
            try CompressionCodec.gzip.decompress(bomb, limit: 5_000_000)
        }
    }

    #if Snappy
    @Test func anOversizedSnappyBlockIsRefusedBeforeAllocating() {
        // A raw block of 7 bytes with a length of 0xffffffff, as a varint.
        #expect(throws: CompressionError.self) {
            try CompressionCodec.snappy.decompress([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0], limit: .max - 1)
        }
    }

    @Test func rawSnappyIsRead() throws {
        // "aaaaaaaa": length 8, a literal of one byte, a copy of seven.
        #expect(try CompressionCodec.snappy.decompress([0x08, 0x00, 0x61, 0x0d, 0x01], limit: 100) == "aaaaaaaa")
    }
    #endif

    #if Zstd
    /// A frame as written by a streaming encoder at level 22: a window of 128 MiB, and no content size.
    @Test func zstdFramesOfAnyWindowAreRead() throws {
        // Magic, descriptor 0 (no size, no checksum), window 2^27, then blocks: "paid" raw, "x" repeated, and a last
        // raw one.
        let start: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88]
        let raw: [UInt8] = [0x20, 0x00, 0x00] + Array("paid".utf8)
        let repeated: [UInt8] = [0x02, 0x00, 0x10, UInt8(ascii: "x")]
        let last: [UInt8] = [0x09, 0x00, 0x00, UInt8(ascii: "!")]
        let frame = Bytes(start + raw + last)
        #expect(try CompressionCodec.zstd.decompress(frame, limit: 100) == "paid!")
        #expect(throws: CompressionError.limitExceeded(.zstd, limit: 4)) {
            try CompressionCodec.zstd.decompress(frame, limit: 4)
        }
        let large = Bytes(start + Array(repeatElement(repeated, count: 10).joined()) + last)
        let size = 10 << 17
        #expect(try CompressionCodec.zstd.decompress(large, limit: size + 1).count == size + 1)
        #expect(throws: CompressionError.limitExceeded(.zstd, limit: size)) {
            try CompressionCodec.zstd.decompress(large, limit: size)
        }
        #expect(throws: CompressionError.self) { try CompressionCodec.zstd.decompress(frame[0..<9], limit: 1 << 30) }
        // A frame of 13 bytes with a content size of a gigabyte.
        let bomb: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x80, 0x88, 0, 0, 0, 0x40] + last
        #expect(throws: CompressionError.self) { try CompressionCodec.zstd.decompress(Bytes(bomb), limit: 1 << 30) }
    }
    #endif

    @Test func aMissingCodecNamesItsTrait() {
        #if !Zstd
        #expect(throws: CompressionError.unavailable(.zstd, trait: "Zstd")) { try Compression.zstd.validate() }
        #endif
        #if !LZ4
        #expect(throws: CompressionError.unavailable(.lz4, trait: "LZ4")) { try Compression.lz4.validate() }
        #endif
        #if !Snappy
        #expect(throws: CompressionError.unavailable(.snappy, trait: "Snappy")) { try Compression.snappy.validate() }
        #endif
        let error = CompressionError.unavailable(.zstd, trait: "Zstd")
        #expect("\(error)".contains("the trait \"Zstd\""))
    }

    @Test func levelsAreChecked() throws {
        try Compression.gzip(level: 9).validate()
        #expect(throws: CompressionError.invalidLevel(.gzip, 10, 1...9)) { try Compression.gzip(level: 10).validate() }
        #expect(throws: CompressionError.invalidLevel(.gzip, 0, 1...9)) { try Compression.gzip(level: 0).validate() }
        #if LZ4
        #expect(throws: CompressionError.invalidLevel(.lz4, 13, 1...12)) { try Compression.lz4(level: 13).validate() }
        #endif
        #if Zstd
        try Compression.zstd(level: -5).validate()
        #expect(throws: CompressionError.invalidLevel(.zstd, 23, -131_072...22)) {
            try Compression.zstd(level: 23).validate()
        }
        #endif
        #expect(Compression.gzip(level: 9).description == "gzip (level 9)" && Compression.none.description == "none")
    }
}
