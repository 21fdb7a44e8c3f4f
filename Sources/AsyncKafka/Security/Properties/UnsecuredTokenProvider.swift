// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Provides unsigned tokens (RFC 7515, appendix A.5), as specified by the options of Kafka's `OAuthBearerLoginModule`.
/// Only brokers configured for development accept them.
struct UnsecuredTokenProvider: OAuthBearerTokenProvider {
    private let claims: [String: String]
    private let lifetime: Double
    private let ownExtensions: [String: String]

    private enum Prefix {
        static let string = "unsecuredLoginStringClaim_"
        static let number = "unsecuredLoginNumberClaim_"
        static let list = "unsecuredLoginListClaim_"
        static let saslExtension = "unsecuredLoginExtension_"
    }

    init(_ module: LoginModule) throws(LoginModule.Malformed) {
        let (principalName, scopeName, lifetime) = (
            "unsecuredLoginPrincipalClaimName", "unsecuredLoginScopeClaimName", "unsecuredLoginLifetimeSeconds"
        )
        try module.allow(
            [principalName, scopeName, lifetime],
            prefixes: [Prefix.string, Prefix.number, Prefix.list, Prefix.saslExtension])
        let seconds = Double(module.options[lifetime]?.value.text ?? "3600") ?? 0
        guard seconds > 0, seconds <= 1e9 else {
            throw LoginModule.Malformed(reason: "\(lifetime) must be a number of seconds above 0")
        }
        self.lifetime = seconds
        var claims: [String: String] = [:]
        var extensions: [String: String] = [:]
        for (name, option) in module.options {
            let value = option.value.text
            if name.hasPrefix(Prefix.string) {
                claims[String(name.dropFirst(Prefix.string.count))] = Self.quoted(value)
            } else if name.hasPrefix(Prefix.number) {
                guard let number = Double(value), number.isFinite else {
                    throw LoginModule.Malformed(reason: "option \(option.place) must be a number")
                }
                claims[String(name.dropFirst(Prefix.number.count))] = "\(number)"
            } else if name.hasPrefix(Prefix.list) {
                // The first character is the separator.
                let elements = value.first.map { value.dropFirst().split(separator: $0) } ?? []
                claims[String(name.dropFirst(Prefix.list.count))] =
                    "[\(elements.map { Self.quoted($0) }.joined(separator: ","))]"
            } else if name.hasPrefix(Prefix.saslExtension) {
                extensions[String(name.dropFirst(Prefix.saslExtension.count))] = value
            }
        }
        guard claims["iat"] == nil, claims["exp"] == nil else {
            throw LoginModule.Malformed(reason: "the claims iat and exp come of themselves")
        }
        let principal = module.options[principalName]?.value.text ?? "sub"
        guard claims[principal] != nil else {
            throw LoginModule.Malformed(
                reason:
                    "the OAuthBearerLoginModule has no unsecuredLoginStringClaim_… for the principal, which is named "
                    + "by \(principalName) or else is \"sub\"; tokens of other kinds come from an OAuthBearerTokenProvider"
            )
        }
        self.claims = claims
        self.ownExtensions = extensions
    }

    func token() -> OAuthBearerToken {
        let now = Double(LoopClock.system.coarseWallMilliseconds) / 1000
        var claims = self.claims
        claims["iat"] = "\(now)"
        claims["exp"] = "\(now + self.lifetime)"
        let body = claims.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)):\($0.value)" }.joined(separator: ",")
        let parts = [#"{"alg":"none"}"#, "{\(body)}"].map { part in
            String(
                Base64.encode(Array(part.utf8)).filter { $0 != "=" }
                    .map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
        }
        return OAuthBearerToken(
            Secret(parts.joined(separator: ".") + "."), lifetime: .seconds(self.lifetime),
            extensions: self.ownExtensions)
    }

    /// A JSON string literal.
    private static func quoted(_ text: some StringProtocol) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                json += "\\"
                json.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}
