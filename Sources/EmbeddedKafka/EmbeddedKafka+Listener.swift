// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory
import KafkaTransport

extension EmbeddedKafka {
    /// A listener in addition to the plaintext one: another port of each broker, with TLS, SASL or both.
    ///
    /// ```swift
    /// let authority = try EmbeddedKafka.Authority()
    /// var configuration = EmbeddedKafka.Configuration()
    /// configuration.users = ["alice": "alice-secret"]
    /// configuration.listeners = [
    ///     EmbeddedKafka.Listener("SECURE", tls: try authority.tls(), mechanisms: [.scramSHA512])
    /// ]
    /// try await EmbeddedKafka.withCluster(configuration) { kafka in
    ///     // Clients trust authority.certificate and connect to kafka.bootstrapServers(of: "SECURE").
    /// }
    /// ```
    public struct Listener: Sendable {
        /// The listener's name.
        public var name: String
        /// The listener's certificate and requirements for clients' certificates, or nil for no TLS.
        public var tls: TLS?
        /// The SASL mechanisms that clients can use, or an empty array for no SASL.
        public var mechanisms: [Mechanism]
        /// The brokers' ports in the order of their IDs. Missing ports and 0 stand for a free port.
        public var ports: [Int]

        /// Creates a listener. By default it has neither TLS nor SASL and uses free ports.
        public init(_ name: String, tls: TLS? = nil, mechanisms: [Mechanism] = [], ports: [Int] = []) {
            self.name = name
            self.tls = tls
            self.mechanisms = mechanisms
            self.ports = ports
        }
    }

    /// A SASL mechanism that the embedded brokers support.
    @nonexhaustive
    public enum Mechanism: String, Hashable, Sendable, CaseIterable {
        /// PLAIN with `Configuration.users`. The password is sent in clear text (RFC 4616).
        case plain = "PLAIN"
        /// SCRAM-SHA-256 with `Configuration.users` or delegation tokens (RFC 5802, KIP-48).
        case scramSHA256 = "SCRAM-SHA-256"
        /// SCRAM-SHA-512 with `Configuration.users` or delegation tokens (RFC 5802, KIP-48).
        case scramSHA512 = "SCRAM-SHA-512"
        /// OAUTHBEARER with the tokens that `Configuration.checkToken` accepts (RFC 7628).
        case oauthBearer = "OAUTHBEARER"
        #if GSSAPI
        /// GSSAPI with Kerberos tickets for `Configuration.kerberos` (RFC 4752). Needs the package trait `GSSAPI`.
        case gssapi = "GSSAPI"
        #endif
    }

    /// A broker's decision on a bearer token.
    @nonexhaustive
    public enum TokenVerdict: Hashable, Sendable {
        /// The token is valid for `lifetime` and identifies `user`.
        case accepted(user: String, lifetime: Duration)
        /// The token is refused with a status for the client, such as `invalid_token` (RFC 7628, section 3.2.2).
        case refused(status: String)
    }

    /// The TLS settings of a listener.
    public struct TLS: Hashable, Sendable {
        /// The certificate chain in PEM, starting with the broker's own certificate.
        public var chain: Bytes
        /// The private key in PEM.
        public var key: Bytes
        /// The authorities in PEM of which clients must have a certificate (`ssl.client.auth=required`), or nil for no
        /// client certificates.
        public var clientAuthorities: Bytes?

        /// Creates the settings from a certificate chain and its key.
        public init(chain: Bytes, key: Bytes, clientAuthorities: Bytes? = nil) {
            self.chain = chain
            self.key = key
            self.clientAuthorities = clientAuthorities
        }
    }

    /// Returns the addresses of a listener, `host:port` for each broker, or an empty array if there is no such
    /// listener.
    public func bootstrapServers(of listener: String) -> [String] {
        self.listenerServers[listener] ?? []
    }

    // MARK: Changes while it runs

    /// Sets a user's password and creates the user if necessary. Nil removes the user. Authenticated connections stay
    /// open.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the cluster has been stopped.
    public func setPassword(_ password: String?, of user: String) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster in cluster.credentials.setPassword(password, of: user) }
    }

    /// Replaces the certificate of a listener for new connections. Open connections keep the previous one.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the certificate or key is invalid, if there is no listener of this name with TLS, if
    ///   a broker can't listen on its port again, or if the cluster has been stopped.
    public func setTLS(_ tls: TLS, of listener: String) async throws(EmbeddedKafkaError) {
        let context = try tls.context()
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            guard let place = cluster.listeners.firstIndex(where: { $0.name == listener && $0.tls != nil }) else {
                throw EmbeddedKafkaError("There is no listener \(listener) with TLS.")
            }
            cluster.listeners[place].tls = context
            for broker in cluster.brokers.values {
                do throws(TransportError) {
                    try broker.reopen(listener: place)
                } catch {
                    throw EmbeddedKafkaError("Broker \(broker.id) can't listen on its port again: \(error).")
                }
            }
        }
    }
}
