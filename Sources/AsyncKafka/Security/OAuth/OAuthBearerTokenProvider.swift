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
/// has `connectionSetupTimeout` in all.
public protocol OAuthBearerTokenProvider: Sendable {
    /// Returns a token that is currently valid.
    func token() async throws -> OAuthBearerToken

    /// Returns SASL extensions that don't depend on the token. The token's own extensions take precedence. Default:
    /// none.
    func extensions() async throws -> [String: String]
}

extension OAuthBearerTokenProvider {
    /// Returns no extensions.
    public func extensions() async throws -> [String: String] { [:] }
}
