// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// The authentication state of a connection, by Kafka's rules (KIP-43, KIP-152, KIP-368).
///
/// A pure value. `now` is in monotonic milliseconds, `time` in milliseconds since 1970.
struct Authentication {
    private struct Exchange {
        var mechanism: EmbeddedKafka.Mechanism
        var server: any SASLServer
        /// Whether messages are sent without a request around them (SaslHandshake version 0).
        var isRaw: Bool
    }

    /// The result of a client's message.
    enum Step {
        case challenge(Bytes)
        /// The client is authenticated for `sessionLifetime` milliseconds, or without a limit for 0.
        case done(Bytes, sessionLifetime: Int64)
        /// Authentication has failed, and the connection must be closed after this message is sent.
        case refused(String)
    }

    /// The listener's mechanisms, or empty if it has no SASL.
    let mechanisms: [EmbeddedKafka.Mechanism]
    /// The maximum session lifetime in milliseconds (connections.max.reauth.ms), or nil for no limit.
    let maxSession: Int64?
    private(set) var identity: Identity?
    private var mechanism: EmbeddedKafka.Mechanism?
    private var exchange: Exchange?
    private var authenticatedAt: Int64 = 0
    private var endsAt: Int64?

    /// The minimum time between authentications in milliseconds, as in Kafka, which refuses earlier ones.
    private static let shortestSession: Int64 = 1000

    init(mechanisms: [EmbeddedKafka.Mechanism], maxSession: Int64?) {
        self.mechanisms = mechanisms
        self.maxSession = maxSession
    }

    /// Whether the next frame is a mechanism's message instead of a request.
    var takesRawMessage: Bool { self.exchange?.isRaw ?? false }

    /// Returns whether a request of this API is permitted now. The connection is closed on other requests.
    func permits(_ api: APIKey, now: Int64) -> Bool {
        guard !self.mechanisms.isEmpty else { return true }
        guard self.exchange == nil else { return api == .saslAuthenticate }
        guard self.identity != nil else { return api == .apiVersions || api == .saslHandshake }
        return api == .saslHandshake || self.endsAt.map { now <= $0 } ?? true
    }

    /// Starts an authentication or re-authentication. The connection is closed after errors other than
    /// `illegalSaslState`.
    mutating func begin(_ name: String, isRaw: Bool, credentials: UserCredentials, now: Int64) -> ErrorCode {
        let isTime = self.identity == nil || self.endsAt != nil && now - self.authenticatedAt >= Self.shortestSession
        guard !self.mechanisms.isEmpty, isTime else { return .illegalSaslState }
        guard let mechanism = EmbeddedKafka.Mechanism(rawValue: name), self.mechanisms.contains(mechanism),
            let server = credentials.server(for: mechanism)
        else { return .unsupportedSaslMechanism }
        self.exchange = Exchange(mechanism: mechanism, server: server, isRaw: isRaw)
        return .none
    }

    /// Processes a message of the client. Returns nil if no message is expected.
    mutating func step(_ message: Bytes, now: Int64, time: Int64) -> Step? {
        guard var exchange = self.exchange else { return nil }
        let result = exchange.server.respond(to: message, at: time)
        switch result {
        case .challenge(let challenge):
            self.exchange = exchange
            return .challenge(challenge)
        case .refused:
            self.exchange = nil
            return .refused(
                "Authentication by \(exchange.mechanism.rawValue) has failed: the credentials are not valid.")
        case .accepted(let identity, let last):
            self.exchange = nil
            if let before = self.identity, before.user != identity.user || self.mechanism != exchange.mechanism {
                return .refused("Who has logged in can't become somebody else, or change the mechanism.")
            }
            return .done(last, sessionLifetime: self.begin(identity, exchange.mechanism, now: now, time: time))
        }
    }

    private mutating func begin(
        _ identity: Identity, _ mechanism: EmbeddedKafka.Mechanism, now: Int64, time: Int64
    ) -> Int64 {
        self.identity = identity
        self.mechanism = mechanism
        self.authenticatedAt = now
        let limits = [self.maxSession, identity.endsAt.map { max($0 - time, 0) }].compactMap(\.self)
        self.endsAt = limits.min().map { now + $0 }
        return limits.min() ?? 0
    }
}
