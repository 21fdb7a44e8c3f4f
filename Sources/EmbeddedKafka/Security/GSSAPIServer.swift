// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import KafkaMemory
import KafkaTransport

/// The GSSAPI mechanism (RFC 4752): Kerberos authenticates the client, then both sides agree on no security layer.
struct GSSAPIServer: SASLServer {
    private enum Phase {
        case establishing
        /// The context is complete, and the client has to request the offer with an empty message.
        case established
        case offered
    }

    private let keys: ServiceKeys
    private let context: GSSContext
    private var phase = Phase.establishing

    /// The offer: the bit for no security layer, and a maximum message size of 0.
    private static let noLayer: [UInt8] = [1, 0, 0, 0]

    init(keys: ServiceKeys) {
        self.keys = keys
        self.context = GSSContext(service: keys.credentials)
    }

    mutating func respond(to message: Bytes, at time: Int64) -> SASLServerStep {
        do throws(GSSFailure) {
            switch self.phase {
            case .establishing:
                let (token, isComplete) = try self.context.step(Array(message))
                guard isComplete, token.isEmpty else {
                    if isComplete { self.phase = .established }
                    return .challenge(Bytes(token))
                }
                return try self.offer()
            case .established:
                guard message.isEmpty else { return .refused }
                return try self.offer()
            case .offered:
                // After the choice comes the authorization ID, which Kafka's brokers ignore.
                let choice = try self.context.unwrap(Array(message))
                guard choice.starts(with: Self.noLayer), let user = self.keys.user(of: try self.context.client()) else {
                    return .refused
                }
                return .accepted(Identity(user: user), Bytes())
            }
        } catch {
            return .refused
        }
    }

    private mutating func offer() throws(GSSFailure) -> SASLServerStep {
        self.phase = .offered
        return .challenge(Bytes(try self.context.wrap(Self.noLayer)))
    }
}

/// The brokers' credentials, and the rule that maps principals to users.
struct ServiceKeys {
    let credentials: GSSCredentials
    /// The realm, beginning with the @.
    private let realm: Substring

    init(_ kerberos: EmbeddedKafka.Kerberos) throws(EmbeddedKafkaError) {
        do throws(GSSFailure) {
            let name = try GSSName(kerberos.principal)
            self.credentials = try GSSCredentials.service(name, keytab: kerberos.keytab)
            let text = try name.text()
            self.realm = text.lastIndex(of: "@").map { text[$0...] } ?? ""
        } catch {
            throw EmbeddedKafkaError(
                "The keys of \(kerberos.principal) can't be had from \(kerberos.keytab): \(error.reason).")
        }
    }

    /// Returns the user of a principal by Kafka's default rule (`sasl.kerberos.principal.to.local.rules=DEFAULT`): its
    /// first component, or nil for a principal of another realm.
    func user(of principal: String) -> String? { Self.user(of: principal, realm: self.realm) }

    static func user(of principal: String, realm: Substring) -> String? {
        guard principal.hasSuffix(realm), !principal.contains("\\"),
            let end = principal.firstIndex(where: { $0 == "/" || $0 == "@" }), end > principal.startIndex
        else { return nil }
        return String(principal[..<end])
    }
}

#endif
