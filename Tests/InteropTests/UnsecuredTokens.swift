// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import Foundation
import KafkaTestSupport

/// Tokens that development brokers accept.
struct UnsecuredTokens: OAuthBearerTokenProvider {
    var subject = SecuredListeners.username
    var lifetime = 600
    var extensions: [String: String] = [:]

    func token() -> OAuthBearerToken {
        OAuthBearerToken(
            Secret(SecuredListeners.unsecuredToken(subject: self.subject, lifetime: self.lifetime)),
            lifetime: .seconds(self.lifetime), extensions: self.extensions)
    }

    /// Checks a token as Kafka's development handler does.
    static func check(_ token: String) -> EmbeddedKafka.TokenVerdict {
        struct Claims: Decodable {
            var sub: String
            var exp: Double
        }
        let refused = EmbeddedKafka.TokenVerdict.refused(status: "invalid_token")
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].isEmpty else { return refused }
        let standard = String(parts[1]).replacing("-", with: "+").replacing("_", with: "/")
        let padded = standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)
        guard let body = Data(base64Encoded: padded), let claims = try? JSONDecoder().decode(Claims.self, from: body),
            !claims.sub.isEmpty, claims.exp > Date().timeIntervalSince1970
        else { return refused }
        return .accepted(user: claims.sub, lifetime: .seconds(claims.exp - Date().timeIntervalSince1970))
    }
}
