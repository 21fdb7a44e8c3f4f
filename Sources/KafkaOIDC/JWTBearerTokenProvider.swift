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

/// Tokens by the JWT bearer grant (RFC 7523, section 2.1; KIP-1139): a signed assertion for a token, and no secret that has to be
/// known to both sides.
///
/// The assertion is signed here, with a private key, or made by somebody else and given by a closure or in a file. There is a new
/// one for each request, and what is said of `ClientCredentialsTokenProvider` holds for this one too: about trying again, about
/// errors and about expiry. Each call asks the server: wrap it in a `CachingTokenProvider`.
public struct JWTBearerTokenProvider: OAuthBearerTokenProvider {
    private let request: TokenRequest
    private let assertion: @Sendable () async throws -> Secret
    private let scope: String?
    private let additional: [String: String]

    /// Signs its assertions itself.
    ///
    /// - Parameters:
    ///   - endpoint: where tokens are given. Servers that want the client's id beside the assertion get it by
    ///     `additionalParameters`.
    ///   - assertion: what is signed, and with which key.
    ///   - scope: what is asked for, with spaces between several. Nil, the default, leaves it to the server.
    /// - Throws: `.invalidConfiguration` if a setting or the key can't be used.
    public init(_ endpoint: TokenEndpoint, assertion: JWTAssertion, scope: String? = nil) throws(KafkaError) {
        try assertion.validate()
        try self.init(endpoint, scope: scope) {
            try assertion.signed(now: Int64(Date().timeIntervalSince1970), id: UUID().uuidString)
        }
    }

    /// Sends the assertion that stands in a file, which another process renews. It is read for each request, and
    /// waited for if it isn't there.
    ///
    /// - Throws: `.invalidConfiguration` if a setting can't be used. The file may come into being later.
    public init(_ endpoint: TokenEndpoint, assertionFile: String, scope: String? = nil) throws(KafkaError) {
        try self.init(endpoint, scope: scope) {
            Secret(try TokenFileProvider.read(assertionFile, "assertion"))
        }
    }

    /// Sends assertions that a closure gives, which is called for each request.
    ///
    /// - Throws: `.invalidConfiguration` if a setting can't be used.
    public init(
        _ endpoint: TokenEndpoint, scope: String? = nil, assertion: @escaping @Sendable () async throws -> Secret
    ) throws(KafkaError) {
        self.request = try TokenRequest(endpoint, parameters: ["grant_type", "scope", "assertion"])
        self.assertion = assertion
        self.scope = scope
        self.additional = endpoint.additionalParameters
    }

    /// A token fresh from the server.
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
    /// Its type's name.
    public var description: String { "JWTBearerTokenProvider" }
    /// Nothing: a key may be among what there is.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
