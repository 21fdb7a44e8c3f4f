// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import Testing

/// A tab-separated file of test vectors written by Kafka's own classes. It is in the folder named by `KAFKA_GOLDEN`, or
/// else among the tests' resources.
struct GoldenFile {
    let rows: [[String]]

    init(_ name: String) throws {
        let path = ProcessInfo.processInfo.environment["KAFKA_GOLDEN"] ?? ""
        try self.init(name, in: path.isEmpty ? #require(Self.kept) : URL(filePath: path))
    }

    init(_ name: String, in folder: URL) throws {
        let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        self.rows = text.split(separator: "\n").map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// The folder in the tests' resources.
    static var kept: URL? { Bundle.module.resourceURL?.appending(path: "Golden") }
}

extension Bytes {
    /// Creates the bytes that these hexadecimal digits represent.
    init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        self.init(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }

    var hexadecimal: String {
        self.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
