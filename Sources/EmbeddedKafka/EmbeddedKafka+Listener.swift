// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory
import KafkaTransport

extension EmbeddedKafka {
    /// A way into the brokers beside the plain one: another port of each, which may want TLS, SASL or both.
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
        /// What it is called.
        public var name: String
        /// The certificate that it shows, and whether it wants one; nil for plaintext.
        public var tls: TLS?
        /// What clients may log in with; none for no SASL.
        public var mechanisms: [Mechanism]
        /// The ports of the brokers, in the order of their ids. Where there is none, or 0, a free port is taken.
        public var ports: [Int]

        /// A listener; by default on free ports.
        public init(_ name: String, tls: TLS? = nil, mechanisms: [Mechanism] = [], ports: [Int] = []) {
            self.name = name
            self.tls = tls
            self.mechanisms = mechanisms
            self.ports = ports
        }
    }

    /// A SASL mechanism that brokers here know.
    @nonexhaustive
    public enum Mechanism: String, Hashable, Sendable, CaseIterable {
        /// `Configuration.users`, with the password as it is (RFC 4616).
        case plain = "PLAIN"
        /// `Configuration.users`, and delegation tokens (RFC 5802, KIP-48).
        case scramSHA256 = "SCRAM-SHA-256"
        /// The same with the longer hash.
        case scramSHA512 = "SCRAM-SHA-512"
        /// What `Configuration.checkToken` accepts (RFC 7628).
        case oauthBearer = "OAUTHBEARER"
        #if GSSAPI
        /// Kerberos' tickets for `Configuration.kerberos` (RFC 4752). Needs the package trait `GSSAPI`.
        case gssapi = "GSSAPI"
        #endif
    }

    /// What a broker makes of a bearer token.
    @nonexhaustive
    public enum TokenVerdict: Hashable, Sendable {
        /// It is good, for so long, and says who its bearer is.
        case accepted(user: String, lifetime: Duration)
        /// It is not; the client hears this word (RFC 7628, section 3.2.2): `invalid_token`.
        case refused(status: String)
    }

    /// What a listener needs to speak TLS.
    public struct TLS: Hashable, Sendable {
        /// The certificates, the broker's own first, in PEM.
        public var chain: Bytes
        /// Its private key, in PEM.
        public var key: Bytes
        /// Whoever connects has to show a certificate of these authorities, in PEM (ssl.client.auth=required). Nil for none.
        public var clientAuthorities: Bytes?

        /// A certificate with its key.
        public init(chain: Bytes, key: Bytes, clientAuthorities: Bytes? = nil) {
            self.chain = chain
            self.key = key
            self.clientAuthorities = clientAuthorities
        }
    }

    /// The addresses of a listener, `host:port`, one a broker; none if no listener has this name.
    public func bootstrapServers(of listener: String) -> [String] {
        self.listenerServers[listener] ?? []
    }

    // MARK: Changes while it runs

    /// Gives a user a password, a new user too; with nil, takes the user away. Connections that are logged in stay so.
    public func setPassword(_ password: String?, of user: String) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster in cluster.credentials.setPassword(password, of: user) }
    }

    /// Shows another certificate from now on. Connections that there are live on.
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
