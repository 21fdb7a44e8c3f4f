// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import Testing

/// A tab-separated file of vectors that Kafka's own classes made: from the folder that `KAFKA_GOLDEN` names, otherwise
/// those kept with the tests.
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

    /// The folder that is kept with the tests.
    static var kept: URL? { Bundle.module.resourceURL?.appending(path: "Golden") }
}

extension Bytes {
    /// The bytes that hexadecimal digits stand for.
    init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        self.init(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }

    var hexadecimal: String {
        self.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
