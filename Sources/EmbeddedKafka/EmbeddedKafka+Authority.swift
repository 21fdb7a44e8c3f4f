// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory
import KafkaTransport

extension EmbeddedKafka {
    /// A certificate authority for listeners and clients, which issues certificates instantly. Only peers that are
    /// configured to trust it do so.
    public struct Authority: Sendable {
        private let authority: CertificateAuthority

        /// Creates an authority with a new key.
        ///
        /// - Throws: ``EmbeddedKafkaError`` if OpenSSL can't create the key or the certificate.
        public init() throws(EmbeddedKafkaError) {
            do throws(TLSFailure) {
                self.authority = try CertificateAuthority(name: "Embedded Kafka's authority")
            } catch {
                throw EmbeddedKafkaError("No certificate authority can be made: \(error).")
            }
        }

        /// The authority's certificate in PEM, for clients to trust.
        public var certificate: Bytes { self.authority.certificate }

        /// Returns the TLS settings of a listener, with a certificate for `localhost` and the loopback addresses.
        ///
        /// - Parameter requiresClientCertificate: Whether clients must have a certificate of this authority. Default:
        ///   false.
        /// - Throws: ``EmbeddedKafkaError`` if OpenSSL can't create the certificate.
        public func tls(requiresClientCertificate: Bool = false) throws(EmbeddedKafkaError) -> TLS {
            let (chain, key) = try self.issue(to: "localhost")
            return TLS(chain: chain, key: key, clientAuthorities: requiresClientCertificate ? self.certificate : nil)
        }

        /// Issues a certificate for a client with this name or a broker on this machine.
        ///
        /// - Parameter name: The common name of the certificate's subject.
        /// - Returns: The certificate chain and the private key, both in PEM.
        /// - Throws: ``EmbeddedKafkaError`` if OpenSSL can't create the certificate.
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
    /// Returns the context for connections. Throws if the certificate or key is invalid.
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
