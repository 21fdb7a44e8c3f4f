// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import Testing

@testable import KafkaProtocol

@Suite struct MetricsDataTests {
    private static let start: UInt64 = 1_700_000_000_000_000_000
    private static let time: UInt64 = 1_700_000_060_123_000_000

    /// Made with the classes of OpenTelemetry in the jar of Kafka 4.4's clients.
    private static let golden = """
        0aed010a2a0a150a0867726f75705f696412090a076772c3b6c39f650a110a0b636c69656e745f7261636b12020a0012be01125f0a326f72672e617061\
        6368652e6b61666b612e70726f64756365722e6e6f64652e726571756573742e6c6174656e63792e6176672a290a2719c02cc6350c9d97172100000000\
        000004403a130a076e6f64655f696412080a066e6f64652d31122a0a0564656c74613a210a1b1100002a36fe9c971719c02cc6350c9d97172100000000\
        00c0724010011801122f0a0a63756d756c61746976653a210a1b1100002a36fe9c971719c02cc6350c9d971721000000000000000010021801
        """

    /// The same, with what AsyncKafka doesn't write: two resources, integers, a scope, flags, a unit and a histogram.
    private static let goldenOfOthers = """
        0a580a1a0a0f0a0867726f75705f696412030a01670a070a016e1202180512370a030a017312210a03696e741a026d732a160a1419c02cc6350c9d9717\
        31f9ffffffffffffff4003120d0a09686973746f6772616d4a001a01750a350a110a0f0a0867726f75705f696412030a01671220121e0a067365636f6e\
        642a140a1219c02cc6350c9d971721000000000000f03f
        """

    private static func bytes(_ hexadecimal: String) -> Bytes {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        return Bytes(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }

    private static let data = MetricsData(
        client: [.init("group_id", "größe"), .init("client_rack", "")],
        metrics: [
            .init(
                "org.apache.kafka.producer.node.request.latency.avg", .gauge, 2.5,
                attributes: [.init("node_id", "node-1")], time: time),
            .init("delta", .deltaSum, 300, start: start, time: time),
            .init("cumulative", .cumulativeSum, 0, start: start, time: time),
        ])

    @Test func metricsAreEncodedAsKafkasClassesEncodeThem() {
        #expect(Self.data.encoded == Self.bytes(Self.golden))
    }

    @Test func whatKafkasClassesEncodeIsRead() throws {
        #expect(try MetricsData(decoding: Self.bytes(Self.golden)) == Self.data)
        let others = try MetricsData(decoding: Self.bytes(Self.goldenOfOthers))
        #expect(
            others
                == MetricsData(
                    client: [.init("group_id", "g")],
                    metrics: [.init("int", .gauge, -7, time: Self.time), .init("second", .gauge, 1, time: Self.time)]))
    }

    @Test func noBytesTrap() throws {
        let golden = Array(Self.bytes(Self.golden))
        for count in 1..<golden.count {
            #expect(throws: ProtocolError.self, "\(count)") { try MetricsData(decoding: Bytes(golden[..<count])) }
        }
        // Each bit changed in turn.
        for index in golden.indices {
            for bit in 0..<8 {
                var changed = golden
                changed[index] ^= 1 << bit
                _ = try? MetricsData(decoding: Bytes(changed))
            }
        }
        // A field 0, a group, a varint without an end, and a length beyond the end.
        for bytes in [[0x02, 0], [0x0b], [UInt8](repeating: 0xff, count: 11), [0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]] {
            #expect(throws: ProtocolError.self) { try MetricsData(decoding: Bytes(bytes)) }
        }
    }
}
