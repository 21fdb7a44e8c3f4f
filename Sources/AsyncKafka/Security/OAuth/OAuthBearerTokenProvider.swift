// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Provides tokens for SASL OAUTHBEARER.
///
/// ``OAuthBearerTokenProvider/token()`` is called once for each connection, and again each time the connection re-authenticates (KIP-368), before
/// the session granted by the broker ends. A client has several connections to each broker, so return the same token
/// while it is valid, or wrap the provider in a ``CachingTokenProvider``, which does so.
///
/// A call that exceeds the mechanism's `tokenTimeout` fails the connection attempt with `.authenticationTimeout`. The
/// failure is logged at once and then once a minute, and the attempt is repeated after a backoff. A connection attempt
/// as a whole is limited by `connectionSetupTimeout`.
///
/// An error that ``OAuthBearerTokenProvider/token()`` or `extensions()` throws fails the attempt likewise: a ``KafkaError`` unchanged, any other error as
/// a retriable `.authenticationFailed` with that error as its `underlyingError`.
public protocol OAuthBearerTokenProvider: Sendable {
    /// Returns a token that is currently valid.
    ///
    /// - Throws: Any error, if there is no token at the moment.
    func token() async throws -> OAuthBearerToken

    /// Returns SASL extensions that don't depend on the token (KIP-342). The token's own extensions take precedence.
    /// Default: none.
    ///
    /// - Returns: The values by name. Names consist of letters only and can't be `auth`.
    /// - Throws: Any error, if the extensions aren't known at the moment.
    func extensions() async throws -> [String: String]

    /// Returns a token to renew a session with (KIP-368): one that is valid for longer than the session's remaining time.
    ///
    /// Default: nil, which means that ``OAuthBearerTokenProvider/token()`` is called. A provider that caches its token fetches a new one here if the
    /// cached one expires too soon.
    ///
    /// - Parameter remaining: The remaining time of the session. A token that expires earlier is used if there is no other.
    /// - Throws: Any error, if there is no such token. ``OAuthBearerTokenProvider/token()`` is then called instead.
    func token(validForMoreThan remaining: Duration) async throws -> OAuthBearerToken?

    /// Called when a broker has accepted or refused a token. Default: does nothing. A provider that caches its token drops a
    /// refused one.
    func brokerJudged(_ token: OAuthBearerToken, isAccepted: Bool)

    /// Returns why the cached token couldn't be replaced, once for each failure. It is logged as a warning when the cached
    /// token is used. Default: nil.
    func takeReplacementFailure() -> (any Error)?
}

extension OAuthBearerTokenProvider {
    /// Nil: ``OAuthBearerTokenProvider/token()`` is called. Never throws.
    public func token(validForMoreThan remaining: Duration) async throws -> OAuthBearerToken? { nil }

    /// Does nothing.
    public func brokerJudged(_ token: OAuthBearerToken, isAccepted: Bool) {}

    /// Nil.
    public func takeReplacementFailure() -> (any Error)? { nil }

    /// Returns no extensions. Never throws.
    public func extensions() async throws -> [String: String] { [:] }
}
