// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@Suite struct ChecksumTests {
    private func crc32c(_ bytes: Bytes) -> UInt32 { bytes.withUnsafeBytes { CRC32C.checksum(of: $0) } }

    @Test func crc32cMatchesKnownValues() {
        // The polynomial's check value, and the vectors of RFC 3720 B.4.
        #expect(self.crc32c("123456789") == 0xe306_9283)
        #expect(self.crc32c(Bytes(repeatElement(0, count: 32))) == 0x8a91_36aa)
        #expect(self.crc32c(Bytes(repeatElement(0xff, count: 32))) == 0x62a8_ab43)
        #expect(self.crc32c(Bytes(0..<32)) == 0x46dd_794e)
        #expect(self.crc32c(Bytes()) == 0)
    }

    @Test func crc32MatchesKnownValues() {
        #expect(("123456789" as Bytes).withUnsafeBytes { CRC32.checksum(of: $0) } == 0xcbf4_3926)
    }

    @Test func theInstructionAndTheTableAgree() {
        var random = SeededGenerator(seed: 7)
        let bytes = random.bytes(40_000)
        let lengths = Array(0..<40) + [255, 256, 767, 768, 769, 1024, 6143, 6144, 6145, 6912, 20_000, 33_333]
        for length in lengths {
            for start in [0, 1, 3, 7, 8, Int.random(in: 9..<6000, using: &random)] {
                bytes.withUnsafeBytes { all in
                    let part = UnsafeRawBufferPointer(rebasing: all[start..<start + length])
                    let crc = UInt32.random(in: 0 ... .max, using: &random)
                    #expect(
                        CRC32C.checksum(of: part, continuing: crc)
                            == CRC32C.checksumByTable(of: part, continuing: crc),
                        "\(length) bytes from \(start)")
                }
            }
        }
    }

    @Test func aChecksumCanBeContinued() {
        var random = SeededGenerator(seed: 8)
        let bytes = random.bytes(20_000)
        bytes.withUnsafeBytes { all in
            let whole = CRC32C.checksum(of: all)
            for split in [0, 1, 61, 777, 6150, 19_999, 20_000] {
                let first = CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: all[..<split]))
                #expect(
                    CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: all[split...]), continuing: first) == whole)
            }
        }
    }
}
