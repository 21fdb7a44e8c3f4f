// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@Suite struct KafkaUUIDTests {
    /// The last two are from Kafka's own output.
    static let texts: [(String, KafkaUUID)] = [
        ("AAAAAAAAAAAAAAAAAAAAAA", .zero),
        ("AAAAAAAAAAAAAAAAAAAAAQ", KafkaUUID(high: 0, low: 1)),
        ("gAAAAAAAAAAAAAAAAAAAAA", KafkaUUID(high: 1 << 63, low: 0)),
        ("AAAAAAAAAAGAAAAAAAAAAA", KafkaUUID(high: 1, low: 1 << 63)),
        ("_____________________w", KafkaUUID(high: .max, low: .max)),
        ("-JKA50_DZqVTXI67FNXh8g", KafkaUUID(high: 0xf892_80e7_4fc3_66a5, low: 0x535c_8ebb_14d5_e1f2)),
        ("qxSeu7Zh_6Kw-EAL3ye2lw", KafkaUUID(high: 0xab14_9ebb_b661_ffa2, low: 0xb0f8_400b_df27_b697)),
    ]

    @Test(arguments: texts)
    func textIsURLSafeBase64(text: String, uuid: KafkaUUID) {
        #expect(uuid.description == text)
        #expect(KafkaUUID(text) == uuid)
    }

    @Test func anyIdentifierIsRestoredFromItsText() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            let uuid = KafkaUUID(high: generator.next(), low: generator.next())
            #expect(KafkaUUID(uuid.description) == uuid)
        }
    }

    @Test(arguments: [
        "", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA+", "AAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAAA=", "äAAAAAAAAAAAAAAAAAAAA",
    ])
    func invalidTextIsRefused(text: String) {
        #expect(KafkaUUID(text) == nil)
    }

    @Test func bytesAreBigEndian() throws {
        var writer = ByteWriter()
        writer.writeUUID(KafkaUUID(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10))
        #expect(writer.finishContiguous() == Bytes(Array(1...16)))
    }
}
