// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

/// What may follow a gzip stream (RFC 1952, 2.2): more members, or bytes without meaning.
@Suite struct GzipMembersTests {
    private let plain = Bytes((0..<5000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 3) })

    private func gzipped() throws -> [UInt8] {
        var output = CompressionBuffer(codec: .gzip, sizeHint: 0, limit: 1 << 20)
        try self.plain.withUnsafeBytes { (input) throws(CompressionError) in
            try Gzip.compress(input, level: nil, into: &output)
        }
        return Array(try output.finish())
    }

    private func read(_ bytes: [UInt8]) throws -> Bytes {
        try CompressionCodec.gzip.decompress(Bytes(bytes), limit: 1 << 20)
    }

    /// These include truncated headers, which don't begin a member.
    @Test(
        arguments: [
            [0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 2, 3], [0x1f], [0x1f, 0x8b],
            [0x1f, 0x8b, 8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0], [0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 3, 1, 2],
            [0x1f, 0x8b, 8, 0xe0, 0, 0, 0, 0, 0, 3, 1, 2], [0x1f, 0x8b, 8, 0x08, 0, 0, 0, 0, 0, 3, 65, 66],
        ] as [[UInt8]])
    func trailingBytesThatAreNoMemberAreIgnored(_ rest: [UInt8]) throws {
        #expect(try self.read(self.gzipped() + rest) == self.plain)
    }

    @Test func membersAreReadOneAfterAnother() throws {
        let twice = Bytes(Array(self.plain) + Array(self.plain))
        #expect(try self.read(self.gzipped() + self.gzipped()) == twice)
        #expect(try self.read(self.gzipped() + self.gzipped() + [0, 0]) == twice)
    }

    @Test func aMemberTruncatedAfterItsHeaderIsAnError() throws {
        let whole = try self.gzipped()
        for count in [11, 100, whole.count - 9, whole.count - 1] {
            #expect(throws: CompressionError.self) { try self.read(whole + whole.prefix(count)) }
        }
    }
}
