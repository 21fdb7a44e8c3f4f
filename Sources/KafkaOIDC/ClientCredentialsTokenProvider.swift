// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import AsyncKafka
import KafkaTransport

/// A token provider that uses the client credentials grant of OAuth 2.0 (RFC 6749, section 4.4; KIP-768): it exchanges
/// a client's ID and secret for a token.
///
/// Each call sends a request to the server, so wrap the provider in a `CachingTokenProvider`. Connection errors and the
/// statuses 408, 429 and 5xx are retried until the endpoint's `timeout`. Any other refusal is thrown at once as
/// `.authenticationFailed` with the server's reason. A token expires after `expires_in` or at its own `exp`, whichever
/// is earlier. Errors contain neither the secret nor a token.
public struct ClientCredentialsTokenProvider: OAuthBearerTokenProvider {
    /// The way in which a client sends its ID and secret (RFC 6749, section 2.3.1).
    @nonexhaustive
    public enum ClientAuthentication: Hashable, Sendable {
        /// In an `Authorization: Basic` header, each form-encoded first. The standard requires all servers to support
        /// it.
        case basic
        /// In an `Authorization: Basic` header without the encoding, for servers that don't decode them.
        ///
        /// Java's client does the same unless `sasl.oauthbearer.header.urlencode` is set. It differs from ``ClientCredentialsTokenProvider/ClientAuthentication/basic`` only
        /// if the ID or secret has characters other than letters, digits and `-._*`.
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

    /// Creates a provider for a client with a fixed secret.
    ///
    /// - Parameters:
    ///   - endpoint: The endpoint that issues tokens.
    ///   - clientID: The client's ID at the server.
    ///   - clientSecret: The client's secret.
    ///   - scope: The scopes to request, separated by spaces. Nil leaves the choice to the server. Default: nil.
    ///   - authentication: The way in which the ID and secret are sent. Default: `.basic`.
    /// - Throws: `.invalidConfiguration` if a setting of the endpoint is invalid, if a certificate can't be used, if
    ///   `clientID` is empty, or if it contains a colon and `authentication` is `.basicWithoutEncoding`.
    public init(
        _ endpoint: TokenEndpoint, clientID: String, clientSecret: Secret, scope: String? = nil,
        authentication: ClientAuthentication = .basic
    ) throws(KafkaError) {
        try self.init(endpoint, clientID: clientID, scope: scope, authentication: authentication) { clientSecret }
    }

    /// Creates a provider that fetches the client's secret for each request, so that it can be rotated.
    ///
    /// - Parameters:
    ///   - endpoint: The endpoint that issues tokens.
    ///   - clientID: The client's ID at the server.
    ///   - scope: The scopes to request, separated by spaces. Nil leaves the choice to the server. Default: nil.
    ///   - authentication: The way in which the ID and secret are sent. Default: `.basic`.
    ///   - clientSecret: Returns the client's secret. ``ClientCredentialsTokenProvider/token()`` throws what it throws, after retries if that is a retriable
    ///     `KafkaError`.
    /// - Throws: `.invalidConfiguration`, as the initializer with a fixed secret.
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

    /// Requests a token from the server.
    ///
    /// - Returns: The token, which expires after `expires_in` or at its own `exp`, whichever is earlier.
    /// - Throws: One of these errors:
    ///   - `.authenticationFailed` if the server refuses the request, redirects it, or returns no token with an expiry.
    ///   - `.authenticationTimeout` if the server doesn't answer within the endpoint's `timeout`.
    ///   - `.connectionFailed` or `.tlsFailed` if it can't be reached, `.protocolError` if its response isn't
    ///     valid HTTP or exceeds `maxResponseSize`.
    ///   - `.invalidConfiguration` if a file of the endpoint's TLS settings has become invalid, and remains so until then.
    ///   - Whatever the closure that returns the secret throws, and `CancellationError` if the task is cancelled.
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
    /// The type's name and the client's ID.
    public var description: String { "ClientCredentialsTokenProvider(\(self.clientID))" }
    /// An empty mirror, because a secret may be among the properties.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension TokenRequest.Form {
    fileprivate mutating func authorize(_ id: String, _ secret: String) {
        let encoded = Base64.encode(Array("\(id):\(secret)".utf8))
        self.headers.append(("Authorization", "Basic \(encoded)"))
        self.secrets.append(encoded)
    }
}
