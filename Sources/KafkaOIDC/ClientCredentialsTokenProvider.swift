// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import AsyncKafka
import KafkaTransport

/// Tokens by the client credentials grant of OAuth 2.0 (RFC 6749, section 4.4; KIP-768): a client's id and secret for a token.
///
/// Each call asks the server: wrap it in a `CachingTokenProvider`. Connection faults and the statuses 408, 429 and 5xx are
/// tried again until the endpoint's `timeout`; every other refusal is final, and thrown as `.authenticationFailed` with what
/// the server says of it. How long a token is good is taken from `expires_in` or, if that is sooner, from the token's own
/// `exp`. Neither the secret nor a token is in any error.
public struct ClientCredentialsTokenProvider: OAuthBearerTokenProvider {
    /// How a client shows its id and secret (RFC 6749, section 2.3.1).
    @nonexhaustive
    public enum ClientAuthentication: Hashable, Sendable {
        /// In a header `Authorization: Basic`, each form-encoded first. What the standard wants of every server.
        case basic
        /// The same without the encoding: for servers that don't decode them, which is also what Java's client does if
        /// `sasl.oauthbearer.header.urlencode` isn't set. It differs where they have other characters than letters, digits
        /// and `-._*`.
        case basicWithoutEncoding
        /// As the parameters `client_id` and `client_secret`.
        case parameters
    }

    private let request: TokenRequest
    private let clientID: String
    private let clientSecret: @Sendable () async throws -> Secret
    private let scope: String?
    private let additional: [String: String]
    private let authentication: ClientAuthentication

    /// - Parameters:
    ///   - endpoint: where tokens are given.
    ///   - clientID: the id that the server knows this client by.
    ///   - clientSecret: its secret.
    ///   - scope: what is asked for, with spaces between several. Nil, the default, leaves it to the server.
    ///   - authentication: how id and secret are sent. `.basic` by default.
    /// - Throws: `.invalidConfiguration` if a setting can't be used.
    public init(
        _ endpoint: TokenEndpoint, clientID: String, clientSecret: Secret, scope: String? = nil,
        authentication: ClientAuthentication = .basic
    ) throws(KafkaError) {
        try self.init(endpoint, clientID: clientID, scope: scope, authentication: authentication) { clientSecret }
    }

    /// The same with a secret that is fetched for each request, so that it can be rotated.
    public init(
        _ endpoint: TokenEndpoint, clientID: String, scope: String? = nil,
        authentication: ClientAuthentication = .basic,
        clientSecret: @escaping @Sendable () async throws -> Secret
    ) throws(KafkaError) {
        guard !clientID.isEmpty else { throw .invalidConfiguration("The client id is empty.") }
        if authentication == .basicWithoutEncoding, clientID.contains(":") {
            throw .invalidConfiguration("A client id with a colon can't be sent as .basicWithoutEncoding.")
        }
        self.request = try TokenRequest(
            endpoint, parameters: ["grant_type", "scope", "client_id", "client_secret"])
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scope = scope
        self.additional = endpoint.additionalParameters
        self.authentication = authentication
    }

    /// A token fresh from the server.
    public func token() async throws -> OAuthBearerToken {
        try await self.request.token { try await self.form() }
    }

    private func form() async throws -> TokenRequest.Form {
        let secret = try await self.clientSecret().text
        var parameters = [(name: "grant_type", value: "client_credentials")]
        if let scope { parameters.append(("scope", scope)) }
        parameters += self.additional.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        var form = TokenRequest.Form(parameters: parameters, secrets: [secret, FormEncoding.encode(secret)])
        switch self.authentication {
        case .basic:
            form.authorize(FormEncoding.encode(self.clientID), FormEncoding.encode(secret))
        case .basicWithoutEncoding:
            form.authorize(self.clientID, secret)
        case .parameters:
            form.parameters += [("client_id", self.clientID), ("client_secret", secret)]
        }
        return form
    }
}

extension ClientCredentialsTokenProvider: CustomStringConvertible, CustomReflectable {
    /// The client's id.
    public var description: String { "ClientCredentialsTokenProvider(\(self.clientID))" }
    /// Nothing: a secret may be among what there is.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension TokenRequest.Form {
    fileprivate mutating func authorize(_ id: String, _ secret: String) {
        let encoded = Base64.encode(Array("\(id):\(secret)".utf8))
        self.headers.append(("Authorization", "Basic \(encoded)"))
        self.secrets.append(encoded)
    }
}
