// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// What of RFC 7519 a client needs.
package enum JSONWebToken {
    /// When a token says that it ends, in seconds since 1970. Nil if it is no JWT, or doesn't say. It is not verified: that is
    /// the broker's part.
    package static func expiry(of token: String) -> Double? {
        Self.claims(of: token).flatMap { JSONObject.number("exp", in: $0) }
    }

    /// The user that a token names (`sub`). Not verified either.
    static func subject(of token: String) -> String? {
        Self.claims(of: token).flatMap { JSONObject.string("sub", in: $0) }
    }

    /// The second of three parts, decoded: a JSON object, if it is a JWT.
    static func claims(of token: String) -> [UInt8]? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 3 ? Self.decode(parts[1]) : nil
    }

    /// Base64 for URLs, without padding (RFC 4648, section 5).
    package static func encode(_ bytes: [UInt8]) -> String {
        String(
            Base64.encode(bytes).compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }

    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let standard = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        return Base64.decode(standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4))
    }
}
