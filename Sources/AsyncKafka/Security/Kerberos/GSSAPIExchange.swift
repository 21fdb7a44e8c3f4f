// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// A GSS-API security context: it authenticates both sides, and then protects messages between them.
protocol SecurityContext: Sendable {
    /// Takes the peer's token, nil at the start, and returns this side's next token, which may be empty.
    func step(_ token: [UInt8]?) throws(KafkaError) -> SecurityContextStep
    /// Verifies a message from the peer and returns its contents.
    func unwrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8]
    /// Protects the integrity of a message to the peer.
    func wrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8]
}

struct SecurityContextStep: Hashable {
    var token: [UInt8]
    /// Whether this side needs no further token from the peer.
    var isComplete: Bool
}

/// The client's side of GSSAPI (RFC 4752). It doesn't request a security layer: no Kafka client does, since TLS serves
/// that purpose.
///
/// The first token contains the time of its creation, which the acceptor requires to be recent (RFC 4120, section
/// 3.2.3), usually within 5 minutes. So a token that has been waiting is recreated with the same tickets.
struct GSSAPIExchange: SASLExchange {
    private enum Phase: Hashable {
        case begun(SecurityContextStep)
        case establishing
        case negotiating
        case ended
    }

    private let context: any SecurityContext
    private let authorizationID: String?
    private var phase: Phase
    /// In milliseconds since 1970.
    private let madeAt: Int64

    /// The maximum age of the first token in milliseconds. It is well below the usual limits, to allow for clock skew.
    private static let freshness: Int64 = 30_000

    /// The bit that stands for "no security layer".
    private static let noLayer: UInt8 = 1

    /// - Parameters:
    ///   - first: The context's first step. It has already been made, since it is the one that contacts the KDC.
    ///   - now: The current time in milliseconds since 1970.
    init(_ context: some SecurityContext, first: SecurityContextStep, authorizationID: String?, now: Int64) {
        self.context = context
        self.authorizationID = authorizationID
        self.phase = .begun(first)
        self.madeAt = now
    }

    /// Also true if the clock was set back.
    func isExpired(at now: Timestamp) -> Bool {
        !(0...Self.freshness).contains(now.millisecondsSince1970 - self.madeAt)
    }

    mutating func respond(to challenge: Bytes?) throws -> SASLResponse {
        switch self.phase {
        case .begun(let first):
            self.phase = first.isComplete ? .negotiating : .establishing
            return .send(Bytes(first.token))
        case .establishing:
            let step = try self.context.step(Array(challenge ?? Bytes([])))
            self.phase = step.isComplete ? .negotiating : .establishing
            // Sent even if it is empty: the broker waits for a message.
            return .send(Bytes(step.token))
        case .negotiating:
            let offer = try self.context.unwrap(Array(challenge ?? Bytes([])))
            guard offer.count == 4 else {
                throw KafkaError.authenticationFailed(
                    "The broker's offer of security layers (RFC 4752) has \(offer.count) bytes instead of 4.")
            }
            guard offer[0] & Self.noLayer != 0 else {
                throw KafkaError.authenticationFailed(
                    "The broker insists on a security layer of GSSAPI, which Kafka's clients don't have.")
            }
            let answer = [Self.noLayer, 0, 0, 0] + Array((self.authorizationID ?? "").utf8)
            let wrapped = try self.context.wrap(answer)
            self.phase = .ended
            return .send(Bytes(wrapped))
        case .ended:
            return .done
        }
    }
}
