// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// A token for SASL OAUTHBEARER with its expiration time.
///
/// Its description shows the value as `<redacted>`.
public struct OAuthBearerToken: Hashable, Sendable {
    /// The token as it is sent: letters, digits and `-._~+/`, followed by any number of `=` (RFC 6750).
    public var value: Secret
    /// The wall-clock time at which the token expires.
    public var expiresAt: Timestamp
    /// SASL extensions to send with the token (RFC 7628, KIP-342). Names consist of letters only and can't be `auth`.
    /// Default: none.
    public var extensions: [String: String]

    /// Creates a token that is valid until a given time.
    public init(_ value: Secret, expiresAt: Timestamp, extensions: [String: String] = [:]) {
        self.value = value
        self.expiresAt = expiresAt
        self.extensions = extensions
    }

    /// Creates a token that is valid for a given time from now.
    public init(_ value: Secret, lifetime: Duration, extensions: [String: String] = [:]) {
        let seconds = min(max(lifetime.components.seconds, 0), Int64.max / 2000)
        let milliseconds = seconds * 1000 + lifetime.components.attoseconds / 1_000_000_000_000_000
        self.init(
            value, expiresAt: Timestamp(millisecondsSince1970: LoopClock.system.coarseWallMilliseconds + milliseconds),
            extensions: extensions)
    }
}

extension OAuthBearerToken {
    /// Creates a token from a JSON Web Token (RFC 7519), with the expiration time from its `exp` claim. The JWT isn't
    /// verified; brokers do that.
    ///
    /// - Parameters:
    ///   - jwt: The token: three parts separated by dots.
    ///   - extensions: SASL extensions to send with the token. Default: none.
    /// - Throws: `.invalidArgument` if the token isn't a JWT or has no `exp`. Pass `expiresAt` or `lifetime` in that
    ///   case. The error doesn't contain the token.
    public init(jwt: Secret, extensions: [String: String] = [:]) throws(KafkaError) {
        guard JSONWebToken.claims(of: jwt.text) != nil else {
            throw KafkaError(
                .invalidArgument,
                "The token is no JWT, which has three parts with dots between them and claims in Base64: "
                    + "give expiresAt or lifetime for a token of another kind.")
        }
        guard let expiry = JSONWebToken.expiry(of: jwt.text) else {
            throw KafkaError(
                .invalidArgument, "The JWT has no exp, so nobody knows when it ends: give expiresAt or lifetime.")
        }
        // Clamped to 2^53, which leaves room for arithmetic.
        let milliseconds = Int64(min(max(expiry * 1000, 0), 0x1p53))
        self.init(jwt, expiresAt: Timestamp(millisecondsSince1970: milliseconds), extensions: extensions)
    }

    /// The `sub` claim of ``OAuthBearerToken/value`` if that is a JWT with one, otherwise nil. It isn't verified and isn't sent
    /// separately: brokers read it from the token.
    public var subject: String? { JSONWebToken.subject(of: self.value.text) }
}

extension OAuthBearerToken: CustomStringConvertible, CustomDebugStringConvertible {
    /// `<redacted>` and the expiration time.
    public var description: String { "<redacted>, expires at \(self.expiresAt)" }
    /// The same as ``OAuthBearerToken/description``, so that debuggers and collections don't reveal the token.
    public var debugDescription: String { self.description }
}
