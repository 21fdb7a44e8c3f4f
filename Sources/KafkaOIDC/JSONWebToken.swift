// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What of RFC 7519 a client needs.
enum JSONWebToken {
    /// What a token says of itself. It is not verified: that is the broker's part.
    struct Claims: Decodable {
        /// In seconds since 1970.
        let expiresAt: Double?

        private enum Key: String, CodingKey {
            case expiresAt = "exp"
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            self.expiresAt = try? values.decodeIfPresent(Double.self, forKey: .expiresAt)
        }

        /// Nil if the text is no JWT.
        init?(_ token: String) {
            let parts = token.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3, let json = JSONWebToken.decode(parts[1]),
                let claims = try? JSONDecoder().decode(Claims.self, from: json)
            else { return nil }
            self = claims
        }
    }

    /// Base64 for URLs, without padding (RFC 4648, section 5).
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("=", with: "").replacing("+", with: "-").replacing("/", with: "_")
    }

    static func decode(_ text: some StringProtocol) -> Data? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let standard = String(text).replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: standard + padding)
    }
}
