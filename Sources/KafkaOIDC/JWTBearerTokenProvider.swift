// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import AsyncKafka

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A token provider that uses the JWT bearer grant (RFC 7523, section 2.1; KIP-1139): it exchanges a signed assertion
/// for a token, so that client and server share no secret.
///
/// The provider signs the assertion itself with a private key, or takes it from a closure or a file. Each request has a
/// new one, and each call sends a request to the server, so wrap the provider in a `CachingTokenProvider`. Retries,
/// errors and expiry are the same as with ``ClientCredentialsTokenProvider``.
public struct JWTBearerTokenProvider: OAuthBearerTokenProvider {
    private let request: TokenRequest
    private let assertion: @Sendable () async throws -> Secret
    private let scope: String?
    private let additional: [String: String]

    /// Creates a provider that signs its assertions.
    ///
    /// - Parameters:
    ///   - endpoint: The endpoint that issues tokens. If the server requires the client's ID beside the assertion, set it in
    ///     the endpoint's `additionalParameters`.
    ///   - assertion: The content of the assertions and the key that signs them.
    ///   - scope: The scopes to request, separated by spaces. Nil leaves the choice to the server. Default: nil.
    /// - Throws: `.invalidConfiguration` if a setting of the endpoint or the assertion is invalid, if a certificate can't be
    ///   used, or if the key can't be read or is neither an RSA key of at least 2048 bits nor a key on P-256.
    public init(_ endpoint: TokenEndpoint, assertion: JWTAssertion, scope: String? = nil) throws(KafkaError) {
        try assertion.validate()
        try self.init(endpoint, scope: scope) {
            try assertion.signed(now: Int64(Date().timeIntervalSince1970), id: UUID().uuidString)
        }
    }

    /// Creates a provider that sends the assertion in a file, which another process replaces.
    ///
    /// The file is read for each request. If it doesn't exist yet, the request waits for it, until the endpoint's `timeout`.
    ///
    /// - Parameters:
    ///   - endpoint: The endpoint that issues tokens.
    ///   - assertionFile: The path of the file, which contains a single assertion.
    ///   - scope: The scopes to request, separated by spaces. Nil leaves the choice to the server. Default: nil.
    /// - Throws: `.invalidConfiguration` if a setting of the endpoint is invalid or a certificate can't be used. The file
    ///   isn't read yet.
    public init(_ endpoint: TokenEndpoint, assertionFile: String, scope: String? = nil) throws(KafkaError) {
        try self.init(endpoint, scope: scope) {
            Secret(try TokenFileProvider.read(assertionFile, "assertion"))
        }
    }

    /// Creates a provider that calls `assertion` for each request and sends the result.
    ///
    /// - Parameters:
    ///   - endpoint: The endpoint that issues tokens.
    ///   - scope: The scopes to request, separated by spaces. Nil leaves the choice to the server. Default: nil.
    ///   - assertion: Returns the signed assertion. ``JWTBearerTokenProvider/token()`` throws what it throws, after retries if that is a retriable
    ///     `KafkaError`.
    /// - Throws: `.invalidConfiguration` if a setting of the endpoint is invalid or a certificate can't be used.
    public init(
        _ endpoint: TokenEndpoint, scope: String? = nil, assertion: @escaping @Sendable () async throws -> Secret
    ) throws(KafkaError) {
        self.request = try TokenRequest(endpoint, parameters: ["grant_type", "scope", "assertion"])
        self.assertion = assertion
        self.scope = scope
        self.additional = endpoint.additionalParameters
    }

    /// Requests a token from the server.
    ///
    /// - Returns: The token, which expires after `expires_in` or at its own `exp`, whichever is earlier.
    /// - Throws: One of these errors:
    ///   - `.authenticationFailed` if the server refuses the request, redirects it, or returns no token with an expiry, or
    ///     if the assertion's file remains missing or invalid until the endpoint's `timeout`.
    ///   - `.authenticationTimeout` if the server doesn't answer within that time.
    ///   - `.connectionFailed` or `.tlsFailed` if it can't be reached, `.protocolError` if its response isn't
    ///     valid HTTP or exceeds `maxResponseSize`.
    ///   - `.invalidConfiguration` if a file of the endpoint's TLS settings or the key has become invalid, and remains so
    ///     until then.
    ///   - Whatever the closure that returns the assertion throws, and `CancellationError` if the task is cancelled.
    public func token() async throws -> OAuthBearerToken {
        try await self.request.token { try await self.form() }
    }

    private func form() async throws -> TokenRequest.Form {
        let assertion = try await self.assertion().text
        var parameters = [
            (name: "grant_type", value: "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion),
        ]
        if let scope { parameters.append(("scope", scope)) }
        parameters += self.additional.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return TokenRequest.Form(parameters: parameters, secrets: [assertion])
    }
}

extension JWTBearerTokenProvider: CustomStringConvertible, CustomReflectable {
    /// The type's name.
    public var description: String { "JWTBearerTokenProvider" }
    /// An empty mirror, because a key may be among the properties.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
