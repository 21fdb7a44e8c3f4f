// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
package import KafkaTransport

/// Listeners of a cluster that require TLS, SASL or both, in addition to the plaintext one.
///
/// The user is `alice` with the password `alice-secret`. OAUTHBEARER accepts unsecured tokens, through Kafka's
/// development handler. The certificates are signed by the cluster's own authority.
package struct SecuredListeners: Sendable {
    /// The kinds of listeners, with their names. `kafkaProtocol` is Kafka's protocol for each.
    package enum Kind: String, CaseIterable, Sendable {
        case sasl = "SASL"
        case tls = "TLS"
        /// TLS that requires a client certificate.
        case mutualTLS = "MUTUAL"
        case saslOverTLS = "SASLTLS"

        var kafkaProtocol: String {
            switch self {
            case .sasl: "SASL_PLAINTEXT"
            case .tls, .mutualTLS: "SSL"
            case .saslOverTLS: "SASL_SSL"
            }
        }

        package var usesTLS: Bool { self != .sasl }
        package var usesSASL: Bool { self == .sasl || self == .saslOverTLS }
    }

    package static let username = "alice"
    package static let password = "alice-secret"

    /// The authority that signs the certificates of brokers and clients.
    package let authority: CertificateAuthority
    /// The kinds of listeners that the version supports.
    package let kinds: [Kind]
    /// The realm whose tickets the SASL listeners accept too.
    package let kerberos: KerberosRealm?
    private let ports: [Kind: [Int]]

    /// Creates listeners for a number of brokers, on free ports.
    package init(kinds: [Kind] = Kind.allCases, brokers: Int = 1, kerberos: KerberosRealm? = nil) throws {
        self.kerberos = kerberos
        self.authority = try CertificateAuthority()
        self.kinds = kinds
        let ports = LoopbackPorts.take(kinds.count * brokers)
        self.ports = Dictionary(
            uniqueKeysWithValues: kinds.enumerated().map { index, kind in
                (kind, Array(ports[index * brokers..<(index + 1) * brokers]))
            })
    }

    init(installation: KafkaInstallation, brokers: Int, kerberos: KerberosRealm? = nil) throws {
        // Brokers read PEM from version 2.7 on.
        let hasPEM = installation.version >= KafkaVersion(2, 7)
        try self.init(kinds: Kind.allCases.filter { hasPEM || !$0.usesTLS }, brokers: brokers, kerberos: kerberos)
    }

    package func port(_ kind: Kind, broker: Int) -> Int? { self.ports[kind]?[broker - 1] }

    package func bootstrapServers(_ kind: Kind) -> [String] { self.ports[kind, default: []].map { "127.0.0.1:\($0)" } }

    func listeners(of id: Int) -> [String] {
        self.kinds.map { "\($0.rawValue)://127.0.0.1:\(self.port($0, broker: id) ?? 0)" }
    }

    var javaOptions: [String] {
        guard let kerberos = self.kerberos else { return [] }
        return [
            "-Djava.security.krb5.conf=\(kerberos.configuration.path)",
            // Kafka 2 reads the default realm from internal classes, which Java 17 doesn't export.
            "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
        ]
    }

    var protocolMap: [String] { self.kinds.map { "\($0.rawValue):\($0.kafkaProtocol)" } }

    /// Adds the listeners' settings to a broker's properties, and writes its certificate.
    func add(to properties: inout [String: String], folder: URL) throws {
        let module = "org.apache.kafka.common.security."
        properties["sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"
        // The same key under both names: Kafka 2 knows the first and Kafka 4 the second.
        for name in ["master", "secret"] { properties["delegation.token.\(name).key"] = "token-secret" }
        if let kerberos = self.kerberos {
            properties["sasl.enabled.mechanisms", default: ""] += ",GSSAPI"
            properties["sasl.kerberos.service.name"] = "kafka"
            for kind in self.kinds where kind.usesSASL {
                properties["listener.name.\(kind.rawValue.lowercased()).gssapi.sasl.jaas.config"] =
                    "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true "
                    + "keyTab=\"\(kerberos.keytab.path)\" principal=\"\(kerberos.broker)\";"
            }
        }
        for kind in self.kinds where kind.usesSASL {
            let listener = "listener.name.\(kind.rawValue.lowercased())"
            properties["\(listener).plain.sasl.jaas.config"] =
                "\(module)plain.PlainLoginModule required user_\(Self.username)=\"\(Self.password)\";"
            for scram in ["scram-sha-256", "scram-sha-512"] {
                properties["\(listener).\(scram).sasl.jaas.config"] = "\(module)scram.ScramLoginModule required;"
            }
            properties["\(listener).oauthbearer.sasl.jaas.config"] =
                "\(module)oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";"
            properties["\(listener).oauthbearer.sasl.server.callback.handler.class"] =
                "\(module)oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler"
        }
        guard self.kinds.contains(where: { $0.usesTLS }) else { return }
        let issued = try self.authority.issue()
        let keyStore = folder.appendingPathComponent("broker.pem")
        let trustStore = folder.appendingPathComponent("authority.pem")
        try Data(Array(issued.key) + Array(issued.chain)).write(to: keyStore)
        try Data(self.authority.certificate).write(to: trustStore)
        properties["ssl.keystore.type"] = "PEM"
        properties["ssl.keystore.location"] = keyStore.path
        properties["ssl.truststore.type"] = "PEM"
        properties["ssl.truststore.location"] = trustStore.path
        properties["listener.name.mutual.ssl.client.auth"] = "required"
    }

    /// Returns an unsigned token (RFC 7515, appendix A.5), which Kafka's development handler accepts.
    package static func unsecuredToken(subject: String = Self.username, lifetime: Int) -> String {
        // With fractions of a second, so that it expires exactly when specified; but not of a millisecond, by which it would
        // have been issued in the future for a broker whose clock has milliseconds.
        let now = (Date().timeIntervalSince1970 * 1000).rounded(.down) / 1000
        let parts = [#"{"alg":"none"}"#, #"{"sub":"\#(subject)","iat":\#(now),"exp":\#(now + Double(lifetime))}"#]
        return parts.map { part in
            Data(part.utf8).base64EncodedString().replacing("=", with: "").replacing("+", with: "-")
                .replacing("/", with: "_")
        }.joined(separator: ".") + "."
    }
}
