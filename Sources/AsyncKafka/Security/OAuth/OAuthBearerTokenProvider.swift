// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Gives tokens for SASL OAUTHBEARER.
///
/// `token()` is called once for each connection and for each later authentication of one (KIP-368), which happens before the
/// session that the broker grants is over. There are several connections to each broker: give the same token again for as long
/// as it is good, or wrap the provider in a `CachingTokenProvider`, which does that.
///
/// A call may take as long as the mechanism's `tokenTimeout`; then the connection attempt fails with
/// `.authenticationTimeout`, which is logged at once and then once a minute, and is made again after a wait. A connection attempt
/// has `connectionSetupTimeout` in all.
public protocol OAuthBearerTokenProvider: Sendable {
    /// A token that is good now.
    func token() async throws -> OAuthBearerToken

    /// SASL extensions that don't depend on the token; the token's own come before them. None by default.
    func extensions() async throws -> [String: String]

    /// A token to renew a session with (KIP-368): one that is valid for longer than the session's remaining time.
    ///
    /// By default the same as `token()`. A provider that caches its token fetches the next one here if the token in use ends
    /// too soon.
    func token(validForMoreThan remaining: Duration) async throws -> OAuthBearerToken

    /// Called when a broker has accepted or refused a token. By default it does nothing. A provider that caches its token
    /// drops a refused one.
    func brokerJudged(_ token: OAuthBearerToken, isAccepted: Bool)

    /// Why the token in use could not be replaced, once for each failure: it is logged as a warning while the token that is
    /// in use serves on. By default nil.
    func takeReplacementFailure() -> (any Error)?
}

extension OAuthBearerTokenProvider {
    /// Calls `token()`.
    public func token(validForMoreThan remaining: Duration) async throws -> OAuthBearerToken { try await self.token() }

    /// Does nothing.
    public func brokerJudged(_ token: OAuthBearerToken, isAccepted: Bool) {}

    /// Nil.
    public func takeReplacementFailure() -> (any Error)? { nil }

    /// No extensions, for providers that have none.
    public func extensions() async throws -> [String: String] { [:] }
}
