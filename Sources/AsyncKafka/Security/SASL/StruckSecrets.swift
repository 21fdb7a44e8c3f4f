// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Redacts secrets in text from the broker, which may quote what it received.
struct StruckSecrets {
    /// The longest pattern comes first, since one may be part of another.
    private let patterns: [[UInt8]]

    private static let replacement = Array("\(Secret(""))".utf8)
    /// More than errors include.
    private static let limit = 64 << 10

    /// Redacts these texts, plain and as they appear in Base64 and JSON.
    init(_ secrets: [String]) {
        self.init(secrets, encoded: secrets.map { Array($0.utf8) })
    }

    /// Redacts the secrets of an exchange. If it doesn't name them, these are all messages sent, as a whole and split at
    /// control characters.
    init(of exchange: any SASLExchange, sent: [Bytes]) {
        let messages = sent.map { Array($0) }
        if let secrets = exchange.secrets {
            self.init(secrets, encoded: messages + secrets.map { Array($0.utf8) })
        } else {
            // Shorter parts would match everywhere.
            let parts = messages.filter { String(validating: $0, as: UTF8.self) != nil }
                .flatMap { $0.split { $0 < 0x20 } }.map { Array($0) }.filter { $0.count > 2 }
            self.init(parts.map { String(decoding: $0, as: UTF8.self) }, encoded: messages + parts)
        }
    }

    /// - Parameter encoded: What to look for in Base64 too.
    private init(_ texts: [String], encoded: [[UInt8]]) {
        var patterns = texts.map { Array($0.utf8) } + encoded
        patterns += texts.map { Array($0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").utf8) }
        for bytes in encoded {
            patterns.append(Array(Base64.encode(bytes).utf8))
            patterns.append(Array(JSONWebToken.encode(bytes).utf8))
        }
        self.patterns = Set(patterns).filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    }

    func strike(from text: String) -> String {
        guard !self.patterns.isEmpty else { return text }
        let bytes = Array(text.utf8.prefix(Self.limit))
        let isCut = bytes.count < text.utf8.count
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let rest = bytes[index...]
            let found = self.patterns.first { pattern in
                // Where the text was truncated, the beginning of a secret counts as a match.
                rest.starts(with: pattern) || isCut && pattern.starts(with: rest)
            }
            if let found {
                result += Self.replacement
                index += found.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
