// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaProtocol

/// The initial inputs in `folder`: one for every vector of the golden files, and examples for the security decoders.
struct SeedCorpus {
    var folder: URL

    func make(from golden: URL) throws {
        for (index, row) in try self.rows(of: golden.appending(path: "records.tsv")).enumerated() {
            let batch = self.bytes(row[4])
            try self.write([0] + batch, to: "records-\(index)")
            guard row[0] == "v2", let codec = CompressionCodec.allCases.first(where: { $0.description == row[1] })
            else {
                continue
            }
            try self.write([1, UInt8(codec.rawValue)] + batch.dropFirst(61), to: "compressed-\(index)")
        }
        let numbers = Dictionary(uniqueKeysWithValues: MessageRegistry.types.enumerated().map { ("\($1)", $0) })
        for (index, row) in try self.rows(of: golden.appending(path: "messages.tsv")).enumerated() {
            guard let number = numbers[String(row[0])], let version = Int16(row[1]) else { continue }
            let versionIndex = version - MessageRegistry.types[number].validVersions.lowerBound
            try self.write(
                [2, UInt8(number >> 8), UInt8(number & 0xff), UInt8(versionIndex)] + self.bytes(row[3]),
                to: "message-\(index)")
        }
    }

    func makeSecurity() throws {
        let texts: [(kind: UInt8, text: String)] = [
            (3, "r=fuzz%hvYDpWUa2RaTCAfuxFIlj)hNlF,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096\u{0}v=6rriTRBi23WpRR/wtup+mMhU=="),
            (3, "e=unknown-user"), (3, "r=fuzzx,s=AAAA,i=8192,x=y\u{0}e=other-error"),
            (4, #"{"status":"invalid_token","scope":"a b","openid-configuration":"https://x.example/"}"#),
            (4, #"{"iss":"a\"b","exp": 1.7e9,"nested":{"exp":[1,-2]},"exp":1700000000}"#),
            (4, "eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDAwMDB9.c2ln"),
            (4, #"{"access_token":"a.b.c","token_type":"Bearer","expires_in":"300"}"#),
            (4, #"{"error":"invalid_client","error_description":"no secret","error_uri":"https://x.example/"}"#),
            (5, "\u{2}ab\u{2}\u{1}b\u{4}\u{1}\u{0}\u{0}\u{0}\u{0}"),
            (6, "# a comment\nsecurity.protocol = SASL_SSL\nsasl.jaas.config: a.b.C \\\n  required \\u0041;\r\n! x\r"),
            (
                6,
                #"org.apache.kafka.PlainLoginModule required username="a\101\n" password='b' /* c */ debug=true; // d"#
            ),
            (7, "\u{3}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloX"),
            (7, "\u{1}HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nX: y \t\r\n\r\nuntil the end"),
            (7, "\u{9}HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: r\r\n\r\n"),
        ]
        for (index, seed) in texts.enumerated() {
            try self.write([seed.kind] + Array(seed.text.utf8), to: "security-\(index)")
        }
        for (index, bytes) in try TLSFuzzing.seeds().enumerated() { try self.write([8] + bytes, to: "tls-\(index)") }
    }

    func makeMetrics() throws {
        let metrics = MetricsData(
            client: [.init("group_id", "g")],
            metrics: [
                .init("gauge", .gauge, 2.5, attributes: [.init("node_id", "node-1")], time: 2),
                .init("delta", .deltaSum, 300, start: 1, time: 2), .init("total", .cumulativeSum, 0, start: 1, time: 2),
            ])
        try self.write([9] + Array(metrics.encoded), to: "metrics-0")
    }

    private func rows(of file: URL) throws -> [[Substring]] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false)
        }
    }

    private func bytes(_ hexadecimal: Substring) -> [UInt8] {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: self.folder.appending(path: name))
    }
}
