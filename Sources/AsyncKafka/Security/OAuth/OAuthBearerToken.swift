// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// A token for SASL OAUTHBEARER: its text and how long it is good.
///
/// It shows as `<redacted>` wherever it is printed.
public struct OAuthBearerToken: Hashable, Sendable {
    /// The token, as it is sent: letters, digits and `-._~+/`, with `=` at the end (RFC 6750).
    public var value: Secret
    /// When it ends to be good, by the wall clock.
    public var expiresAt: Timestamp
    /// SASL extensions that go with it (RFC 7628, KIP-342): names of letters only, never `auth`. None by default.
    public var extensions: [String: String]

    /// A token that is good until a time.
    public init(_ value: Secret, expiresAt: Timestamp, extensions: [String: String] = [:]) {
        self.value = value
        self.expiresAt = expiresAt
        self.extensions = extensions
    }

    /// A token that is good for a while from now.
    public init(_ value: Secret, lifetime: Duration, extensions: [String: String] = [:]) {
        let seconds = min(max(lifetime.components.seconds, 0), Int64.max / 2000)
        let milliseconds = seconds * 1000 + lifetime.components.attoseconds / 1_000_000_000_000_000
        self.init(
            value, expiresAt: Timestamp(millisecondsSince1970: LoopClock.system.coarseWallMilliseconds + milliseconds),
            extensions: extensions)
    }
}

extension OAuthBearerToken {
    /// A JSON Web Token (RFC 7519), as authorization servers give them: when it ends is read from its `exp`. Nothing of it is
    /// verified: that is the broker's part.
    ///
    /// - Parameters:
    ///   - jwt: the token: three parts with dots between them.
    ///   - extensions: SASL extensions that go with it. None by default.
    /// - Throws: `.invalidArgument` if it is no JWT, or has no `exp`: give `expiresAt` or `lifetime` then. The token is not in the
    ///   error.
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
        // 2^53 is far, and can be counted with.
        let milliseconds = Int64(min(max(expiry * 1000, 0), 0x1p53))
        self.init(jwt, expiresAt: Timestamp(millisecondsSince1970: milliseconds), extensions: extensions)
    }

    /// Whose it is: the `sub` of `value`, if that is a JWT that has one. Nil otherwise. Not verified either, and not sent
    /// beside the token: the broker reads it there.
    public var subject: String? { JSONWebToken.subject(of: self.value.text) }
}

extension OAuthBearerToken: CustomStringConvertible, CustomDebugStringConvertible {
    /// `<redacted>`, and when the token expires.
    public var description: String { "<redacted>, expires at \(self.expiresAt)" }
    /// `description`, so that debuggers and collections show no more than a log.
    public var debugDescription: String { self.description }
}
