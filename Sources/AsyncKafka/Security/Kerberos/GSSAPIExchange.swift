// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// What two sides make of Kerberos' tickets: first they know each other, then they can send what nobody else could have.
protocol SecurityContext: Sendable {
    /// Takes the other side's token, nil in the beginning, and makes the next of this side, which may be empty.
    func step(_ token: [UInt8]?) throws(KafkaError) -> SecurityContextStep
    /// The message in what the other side has protected.
    func unwrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8]
    /// Protects a message from being changed.
    func wrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8]
}

struct SecurityContextStep: Hashable {
    var token: [UInt8]
    /// Nothing of the other side's is missing any more.
    var isComplete: Bool
}

/// The client's side of GSSAPI (RFC 4752). Security layers are not asked for, as no client of Kafka does: TLS is for that.
///
/// Its first token has the time in it at which it was made, and who accepts it wants that to be near (RFC 4120, section
/// 3.2.3): in some 5 minutes, as a rule. So one that has lain for a while is made anew, with the same tickets.
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

    /// How long the first token may lie, in milliseconds: less than the least that is usual, also if clocks differ.
    private static let freshness: Int64 = 30_000

    /// The bit for "no security layer".
    private static let noLayer: UInt8 = 1

    /// - Parameters:
    ///   - first: the context's first step, which has been made already, since it is the one that asks the KDC.
    ///   - now: in milliseconds since 1970.
    init(_ context: some SecurityContext, first: SecurityContextStep, authorizationID: String?, now: Int64) {
        self.context = context
        self.authorizationID = authorizationID
        self.phase = .begun(first)
        self.madeAt = now
    }

    /// Also if the clock has been set back.
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
            // Also if it is empty: the broker waits for something.
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
