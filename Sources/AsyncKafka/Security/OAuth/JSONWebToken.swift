// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The parts of RFC 7519 that a client needs.
package enum JSONWebToken {
    /// The token's expiration time (`exp`) in seconds since 1970. Nil if it isn't a JWT or has no `exp`. The signature
    /// is not verified; brokers do that.
    package static func expiry(of token: String) -> Double? {
        Self.claims(of: token).flatMap { JSONObject.number("exp", in: $0) }
    }

    /// The token's subject (`sub`). The signature is not verified.
    static func subject(of token: String) -> String? {
        Self.claims(of: token).flatMap { JSONObject.string("sub", in: $0) }
    }

    /// The decoded second part of the token: a JSON object, if it is a JWT.
    static func claims(of token: String) -> [UInt8]? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 3 ? Self.decode(parts[1]) : nil
    }

    /// Encodes bytes in Base64 for URLs, without padding (RFC 4648, section 5).
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
