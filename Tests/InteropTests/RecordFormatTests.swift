// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

extension InteropTests {
    /// Kafka's own classes read the record batches that this library writes.
    @Suite(.timeLimit(.minutes(1)), .enabled(if: JavaProgram.isAvailable, Comment(rawValue: JavaProgram.skipped)))
    struct RecordFormat {
        @Test(arguments: RealKafka.installations)
        func kafkasClassesReadEveryBatchByteForByte(installation: KafkaInstallation) async throws {
            var random = SystemRandomNumberGenerator()
            var input: [String] = []
            var expected: [String] = []
            let codecs: [Compression] = [
                .none, .gzip, .snappy, .lz4, .zstd, .gzip(level: 9), .lz4(level: 9), .zstd(level: 19),
            ]
            for compression in codecs where isInThisBuild(compression) {
                for count in [1, 3, 400] {
                    let isIdempotent = count == 3
                    let records = (0..<count).map { WrittenRecord(number: $0, using: &random) }
                    var builder = RecordBatchBuilder()
                    for record in records {
                        _ = try builder.append(
                            key: record.key, value: record.value, headers: record.headers,
                            timestamp: record.timestamp, limit: .max)
                    }
                    try builder.close(compression: compression)
                    let slices =
                        isIdempotent
                        ? builder.finish(
                            producerID: 4001, producerEpoch: 7, baseSequence: 2_147_483_646, isTransactional: true)
                        : builder.finish()
                    // Data that compression doesn't make smaller is stored uncompressed.
                    let codec = CompressionCodec(rawValue: Int8(slices[0][22] & 7)) ?? .none
                    #expect(count < 400 || codec == compression.codec)
                    input.append(slices.map(\.hexadecimal).joined())
                    let newest = records.map(\.timestamp).max() ?? -1
                    let identity = isIdempotent ? "4001 7 2147483646 true" : "-1 -1 -1 false"
                    expected.append(
                        "batch 2 \(codec) 0 \(count - 1) \(count) \(newest) \(identity)")
                    expected += records.enumerated().map { "record \($0) \($1)" }
                }
            }
            let printed = try await JavaProgram.run(
                "RecordBatchCheck", [], input: input.joined(separator: "\n") + "\n", with: installation)
            #expect(printed.count == expected.count)
            for (line, wanted) in zip(printed, expected) where line != wanted {
                Issue.record("\(line.prefix(300)) instead of \(wanted.prefix(300))")
                break
            }
        }
    }
}

/// A written record in the format of `RecordBatchCheck`.
private struct WrittenRecord: CustomStringConvertible {
    var timestamp: Int64
    var key: Bytes?
    var value: Bytes?
    var headers: [RecordHeader]

    init(number: Int, using random: inout SystemRandomNumberGenerator) {
        self.timestamp = 1_700_000_000_000 + .random(in: -5000...5000, using: &random)
        self.key = number % 3 == 0 ? nil : Bytes("key \(number % 5)")
        // Compressible data and noise.
        let noise = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        self.value = number % 7 == 3 ? nil : Bytes(Array(repeating: 65, count: number % 100) + noise)
        self.headers =
            number % 4 == 0
            ? [RecordHeader("trace", Bytes(noise.prefix(9))), RecordHeader("größe", nil), RecordHeader("", "")] : []
    }

    var description: String {
        var words = ["\(self.timestamp)"]
        for bytes in [self.key, self.value] { words.append(bytes.map { "x" + $0.hexadecimal } ?? "null") }
        for header in self.headers {
            words.append("\(Bytes(header.key).hexadecimal)=\(header.value?.hexadecimal ?? "null")")
        }
        return words.joined(separator: " ")
    }
}

extension Bytes {
    fileprivate var hexadecimal: String {
        self.map { byte in byte < 16 ? "0" + String(byte, radix: 16) : String(byte, radix: 16) }.joined()
    }
}
