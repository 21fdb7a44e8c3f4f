// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// A token that a server of identities has given (RFC 7628).
public struct OAuthBearerMechanism: ExpiringCredentialsMechanism {
    /// `OAUTHBEARER`.
    public var name: String { "OAUTHBEARER" }

    private let provider: any OAuthBearerTokenProvider
    private let tokenTimeout: Duration

    init(_ provider: any OAuthBearerTokenProvider, tokenTimeout: Duration) {
        self.provider = provider
        self.tokenTimeout = tokenTimeout
    }

    /// Asks the provider for a token, within the timeout.
    public func makeExchange(with server: KafkaServer) async throws -> any SASLExchange {
        try await self.makeExchange(within: self.tokenTimeout) { [provider] in try await provider.token() }
    }

    /// A cache's token may only last until the session's end, so the next one is waited for: but no longer than there is time,
    /// nor if the cache fails, since its old one is good until then.
    func makeExchange(
        with server: KafkaServer, outlasting end: MonotonicTime, within limit: Duration
    ) async throws -> any SASLExchange {
        if let cache = self.provider as? CachingTokenProvider {
            let next = try? await self.makeExchange(within: min(self.tokenTimeout, limit)) {
                try await cache.token(outlasting: end)
            }
            if let next { return next }
        }
        return try await self.makeExchange(with: server)
    }

    private func makeExchange(
        within limit: Duration, _ getToken: @escaping @Sendable () async throws -> OAuthBearerToken
    ) async throws -> OAuthBearerExchange {
        let provider = self.provider
        let token: OAuthBearerToken
        let more: [String: String]
        do {
            (token, more) = try await Deadline.run(limit) {
                (try await getToken(), try await provider.extensions())
            }
        } catch is Deadline.Passed {
            throw KafkaError(
                .authenticationTimeout,
                "The token provider did not answer within \(self.tokenTimeout) (tokenTimeout).", isRetriable: true)
        } catch {
            if error is CancellationError, Task.isCancelled { throw KafkaError.cancelled }
            throw KafkaError.tokenProviderFailed(error)
        }
        let exchange = try OAuthBearerExchange(token: token, extensions: more)
        guard !exchange.isOver(at: WallClock.coarseMilliseconds) else { throw KafkaError.tokenExpired(token) }
        return exchange
    }
}

extension SASLMechanism where Self == OAuthBearerMechanism {
    /// OAUTHBEARER with tokens of a provider.
    ///
    /// - Parameters:
    ///   - provider: wrap it in a `CachingTokenProvider`, unless it keeps its tokens itself.
    ///   - tokenTimeout: how long one call to it may take. 10 s by default; the connection set-up timeout holds too.
    public static func oauthBearer(
        _ provider: some OAuthBearerTokenProvider, tokenTimeout: Duration = .seconds(10)
    ) -> OAuthBearerMechanism {
        OAuthBearerMechanism(provider, tokenTimeout: tokenTimeout)
    }
}

/// The client's side of OAUTHBEARER. Pure.
struct OAuthBearerExchange: ExpiringCredentialsExchange {
    private let token: OAuthBearerToken
    private let message: Bytes
    private(set) var refusal: String?
    let hasExtensions: Bool

    /// Throws if token or extensions have characters that can't be sent.
    init(token: OAuthBearerToken, extensions more: [String: String] = [:]) throws(KafkaError) {
        guard Self.isToken(token.value.text) else {
            throw .authenticationFailed(
                "The token has characters that no bearer token can have: letters, digits and -._~+/ with = at the end.")
        }
        let extensions = more.merging(token.extensions) { _, own in own }
        var text = "n,,\u{1}auth=Bearer \(token.value.text)\u{1}"
        for (name, value) in extensions.sorted(by: { $0.key < $1.key }) {
            try Self.validate(name, value)
            text += "\(name)=\(value)\u{1}"
        }
        text += "\u{1}"
        self.token = token
        self.message = Bytes(text)
        self.hasExtensions = !extensions.isEmpty
    }

    func isOver(at time: Int64) -> Bool { self.token.expiresAt.millisecondsSince1970 <= time }

    mutating func respond(to challenge: Bytes?) throws -> SASLResponse {
        guard let challenge else { return .send(self.message) }
        guard !challenge.isEmpty else { return .done }
        // The refusal, in JSON. The broker ends the exchange after this answer, which has to be given.
        // The whole of it first: a part of the token is left where it is cut.
        self.refusal = KafkaError.quoted(self.withoutToken(String(decoding: challenge, as: UTF8.self)), atMost: 1000)
        return .send(Bytes([1] as [UInt8]))
    }

    /// A text that errors and logs take.
    func withoutToken(_ text: String) -> String {
        text.replacing(self.token.value.text, with: "\(self.token.value)")
    }

    /// RFC 6750, section 2.1.
    private static func isToken(_ text: String) -> Bool {
        let body = text.utf8.prefix { $0 != UInt8(ascii: "=") }
        guard !body.isEmpty, text.utf8.dropFirst(body.count).allSatisfy({ $0 == UInt8(ascii: "=") }) else {
            return false
        }
        return body.allSatisfy { character in
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._~+/".utf8.contains(character)
            }
        }
    }

    /// RFC 7628, section 3.1. Brokers from Kafka 2.1 on know extensions.
    private static func validate(_ name: String, _ value: String) throws(KafkaError) {
        let isName = !name.isEmpty && name.utf8.allSatisfy { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a }
        guard isName, name != "auth" else {
            throw .authenticationFailed(
                "\"\(name)\" can't be the name of a SASL extension: it takes letters only, and \"auth\" is the token's own."
            )
        }
        let isValue = value.utf8.allSatisfy { (0x20...0x7e).contains($0) || $0 == 0x09 || $0 == 0x0d || $0 == 0x0a }
        guard isValue else {
            throw .authenticationFailed(
                "The SASL extension \"\(name)\" has a value with characters that can't be sent.")
        }
    }
}
