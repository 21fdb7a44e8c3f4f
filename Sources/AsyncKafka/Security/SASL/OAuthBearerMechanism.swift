// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// OAUTHBEARER (RFC 7628): authentication with a token from an authorization server.
public struct OAuthBearerMechanism: SASLMechanism {
    /// `OAUTHBEARER`.
    public var name: String { "OAUTHBEARER" }

    private let provider: any OAuthBearerTokenProvider
    private let tokenTimeout: Duration
    private let clock: LoopClock

    init(_ provider: any OAuthBearerTokenProvider, tokenTimeout: Duration = .seconds(10), clock: LoopClock = .system) {
        self.provider = provider
        self.tokenTimeout = tokenTimeout
        self.clock = clock
    }

    /// Requests a token from the provider, within `tokenTimeout`.
    ///
    /// - Parameter server: The broker, which isn't used.
    /// - Returns: The exchange that sends the token.
    /// - Throws: `.authenticationTimeout` if the provider doesn't answer in time; `.authenticationFailed` if it throws
    ///   (`underlyingError` is its error), or if the token has expired or, like an extension, contains invalid characters;
    ///   the provider's own ``KafkaError``; `.cancelled` if the task is cancelled.
    public func makeExchange(with server: KafkaServer) async throws -> any SASLExchange {
        try await self.makeExchange(within: self.tokenTimeout) { [provider] in try await provider.token() }
    }

    /// Requests a token that lasts longer than the session. If there is none within `limit`, or the provider fails, any
    /// token that is still valid is used.
    ///
    /// - Parameters:
    ///   - server: The broker, which isn't used.
    ///   - remaining: The remaining time of the session.
    ///   - limit: The maximum time to wait for a token that lasts longer.
    /// - Returns: The exchange that sends the token.
    /// - Throws: As `makeExchange(with:)`, if there is no valid token at all.
    public func makeExchange(
        with server: KafkaServer, renewingSessionThatEndsIn remaining: Duration, within limit: Duration
    ) async throws -> any SASLExchange {
        let provider = self.provider
        struct NoChoice: Error {}
        let next = try? await self.makeExchange(within: min(self.tokenTimeout, limit)) {
            guard let token = try await provider.token(validForMoreThan: remaining) else { throw NoChoice() }
            return token
        }
        if let next { return next }
        return try await self.makeExchange(with: server)
    }

    /// "The token provider".
    public var credentialsSource: String { "The token provider" }

    private func makeExchange(
        within limit: Duration, _ getToken: @escaping @Sendable () async throws -> OAuthBearerToken
    ) async throws -> OAuthBearerExchange {
        let provider = self.provider
        let token: OAuthBearerToken
        let more: [String: String]
        do {
            (token, more) = try await Deadline.run(limit, on: self.clock) {
                (try await getToken(), try await provider.extensions())
            }
        } catch is Deadline.Passed {
            throw KafkaError(
                .authenticationTimeout,
                "The token provider did not answer within \(limit)"
                    + (limit < self.tokenTimeout ? "." : " (tokenTimeout)."), isRetriable: true)
        } catch {
            if error is CancellationError, Task.isCancelled { throw KafkaError.cancelled }
            throw KafkaError.tokenProviderFailed(error)
        }
        let exchange = try OAuthBearerExchange(token: token, extensions: more, provider: provider)
        guard !exchange.isExpired(at: Timestamp(millisecondsSince1970: self.clock.coarseWallMilliseconds)) else {
            throw KafkaError.tokenExpired(token)
        }
        return exchange
    }
}

extension SASLMechanism where Self == OAuthBearerMechanism {
    /// Returns OAUTHBEARER with tokens from a provider.
    ///
    /// - Parameters:
    ///   - provider: The token provider. Wrap it in a ``CachingTokenProvider`` unless it caches tokens itself.
    ///   - tokenTimeout: The maximum time for a call to the provider, within the connection set-up timeout. Default: 10
    ///     s.
    public static func oauthBearer(
        _ provider: some OAuthBearerTokenProvider, tokenTimeout: Duration = .seconds(10)
    ) -> OAuthBearerMechanism {
        OAuthBearerMechanism(provider, tokenTimeout: tokenTimeout)
    }
}

/// The client's side of OAUTHBEARER. Pure.
struct OAuthBearerExchange: SASLExchange {
    let token: OAuthBearerToken
    private let message: Bytes
    private(set) var refusal: String?
    private let provider: (any OAuthBearerTokenProvider)?

    /// - Parameter provider: is told whether the broker accepts the token.
    /// - Throws: if the token or its extensions contain characters that can't be sent.
    init(
        token: OAuthBearerToken, extensions more: [String: String] = [:],
        provider: (any OAuthBearerTokenProvider)? = nil
    ) throws(KafkaError) {
        try token.validate()
        let extensions = more.merging(token.extensions) { _, own in own }
        var text = "n,,\u{1}auth=Bearer \(token.value.text)\u{1}"
        for (name, value) in extensions.sorted(by: { $0.key < $1.key }) {
            try OAuthBearerToken.validateExtension(name, value)
            text += "\(name)=\(value)\u{1}"
        }
        text += "\u{1}"
        self.token = token
        self.message = Bytes(text)
        self.provider = provider
    }

    /// Taken from the provider only now: an exchange may be discarded before it begins.
    var warning: String? {
        self.provider?.takeReplacementFailure().map { "No new token is available; the earlier one is used: \($0)" }
    }

    var secrets: [String]? { [self.token.value.text] }

    func isExpired(at now: Timestamp) -> Bool { self.token.expiresAt <= now }

    func ended(isAccepted: Bool) { self.provider?.brokerJudged(self.token, isAccepted: isAccepted) }

    mutating func respond(to challenge: Bytes?) throws -> SASLResponse {
        guard let challenge else { return .send(self.message) }
        guard !challenge.isEmpty else { return .done }
        // The error, in JSON. The client must answer it, and then the broker fails the exchange. Secrets are struck out
        // before the text is truncated, since part of a token might remain otherwise.
        let text = StruckSecrets([self.token.value.text]).strike(from: String(decoding: challenge, as: UTF8.self))
        self.refusal = KafkaError.quoted(text, atMost: 1000)
        return .send(Bytes([1] as [UInt8]))
    }
}

extension OAuthBearerExchange: CustomStringConvertible, CustomReflectable {
    /// The token, redacted. The message would reveal it.
    var description: String { "OAuthBearerExchange(\(self.token))" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
