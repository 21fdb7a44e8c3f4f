// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@Suite struct Murmur2Tests {
    @Test(
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ] as [(String, Int32)])
    func hashesMatchKnownValues(key: String, hash: Int32) {
        #expect(Murmur2.hash(Bytes(key)) == hash)
    }

    @Test func hashesAndPartitionsMatchKafkas() throws {
        for columns in try GoldenFile("murmur2.tsv").rows {
            let key = try #require(Bytes(hexadecimal: columns[0]))
            #expect(Murmur2.hash(key) == Int32(columns[1]), "\(columns)")
            #expect(Murmur2.partition(of: key, among: 12) == Int32(columns[2]), "\(columns)")
        }
    }
}
