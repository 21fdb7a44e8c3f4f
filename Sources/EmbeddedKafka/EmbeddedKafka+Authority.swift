// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory
import KafkaTransport

extension EmbeddedKafka {
    /// An authority that makes certificates for listeners and clients in a moment. Nobody trusts it who isn't told to.
    public struct Authority: Sendable {
        private let authority: CertificateAuthority

        /// A new one, with a key of its own.
        public init() throws(EmbeddedKafkaError) {
            do throws(TLSFailure) {
                self.authority = try CertificateAuthority(name: "Embedded Kafka's authority")
            } catch {
                throw EmbeddedKafkaError("No certificate authority can be made: \(error).")
            }
        }

        /// Its own certificate, in PEM: what clients are to trust.
        public var certificate: Bytes { self.authority.certificate }

        /// A certificate for `localhost` and the loopback addresses, for a listener.
        ///
        /// - Parameter requiresClientCertificate: whether who connects has to show a certificate of this authority.
        public func tls(requiresClientCertificate: Bool = false) throws(EmbeddedKafkaError) -> TLS {
            let (chain, key) = try self.issue(to: "localhost")
            return TLS(chain: chain, key: key, clientAuthorities: requiresClientCertificate ? self.certificate : nil)
        }

        /// A certificate with its key, both in PEM, for a client of this name or a broker on this machine.
        public func issue(to name: String) throws(EmbeddedKafkaError) -> (chain: Bytes, key: Bytes) {
            do throws(TLSFailure) {
                let issued = try self.authority.issue(name: name)
                return (issued.chain, issued.key)
            } catch {
                throw EmbeddedKafkaError("No certificate can be made for \(name): \(error).")
            }
        }
    }
}

extension EmbeddedKafka.TLS {
    /// Ready for connections. Throws if certificate or key can't be used.
    func context() throws(EmbeddedKafkaError) -> TLSContext {
        var settings = TLSSettings()
        settings.identity = .pem(chain: self.chain, key: self.key, password: nil)
        if let authorities = self.clientAuthorities {
            settings.trust = .authorities(authorities)
            settings.requiresClientCertificate = true
        }
        do throws(TLSFailure) {
            return try TLSContext(server: settings)
        } catch {
            throw EmbeddedKafkaError("A listener's certificate can't be used: \(error).")
        }
    }
}
