// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Provides tokens for SASL OAUTHBEARER.
///
/// `token()` is called once for each connection, and again each time the connection re-authenticates (KIP-368), before
/// the session granted by the broker ends. A client has several connections to each broker, so return the same token
/// while it is valid, or wrap the provider in a `CachingTokenProvider`, which does so.
///
/// A call that exceeds the mechanism's `tokenTimeout` fails the connection attempt with `.authenticationTimeout`. The
/// failure is logged at once and then once a minute, and the attempt is repeated after a backoff. A connection attempt
/// as a whole is limited by `connectionSetupTimeout`.
public protocol OAuthBearerTokenProvider: Sendable {
    /// Returns a token that is currently valid.
    func token() async throws -> OAuthBearerToken

    /// Returns SASL extensions that don't depend on the token. The token's own extensions take precedence. Default:
    /// none.
    func extensions() async throws -> [String: String]

    /// Returns a token to renew a session with (KIP-368): one that is valid for longer than the session's remaining time.
    ///
    /// Default: the result of `token()`. A provider that caches its token fetches a new one here if the cached one expires
    /// too soon.
    func token(validForMoreThan remaining: Duration) async throws -> OAuthBearerToken

    /// Called when a broker has accepted or refused a token. Default: does nothing. A provider that caches its token drops a
    /// refused one.
    func brokerJudged(_ token: OAuthBearerToken, isAccepted: Bool)

    /// Returns why the cached token couldn't be replaced, once for each failure. It is logged as a warning when the cached
    /// token is used. Default: nil.
    func takeReplacementFailure() -> (any Error)?
}

extension OAuthBearerTokenProvider {
    /// Calls `token()`.
    public func token(validForMoreThan remaining: Duration) async throws -> OAuthBearerToken { try await self.token() }

    /// Does nothing.
    public func brokerJudged(_ token: OAuthBearerToken, isAccepted: Bool) {}

    /// Nil.
    public func takeReplacementFailure() -> (any Error)? { nil }

    /// Returns no extensions.
    public func extensions() async throws -> [String: String] { [:] }
}
