// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaProtocol

/// The first inputs: a file in `folder` for every vector of the golden files.
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
