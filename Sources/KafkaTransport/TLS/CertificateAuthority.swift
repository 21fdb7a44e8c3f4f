// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
package import KafkaMemory
import Synchronization

/// A certificate authority that issues certificates instantly, for tests and for servers that exist only while they
/// run.
///
/// It is only trusted by peers that are configured to trust it.
package final class CertificateAuthority: Sendable {
    /// A certificate and its key, in PEM.
    package struct Issued: Sendable {
        package let chain: Bytes
        package let key: Bytes

        /// The identity for TLS settings.
        package var identity: TLSSettings.Identity { .pem(chain: self.chain, key: self.key, password: nil) }

        /// Returns the encrypted key (PKCS#8, AES-256).
        package func encryptedKey(password: String) throws(TLSFailure) -> Bytes {
            let key = try PrivateKey.read(pem: self.key, password: nil)
            defer { EVP_PKEY_free(key) }
            return try CertificateAuthority.pem { bio in
                password.withCString {
                    PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), $0, Int32(password.utf8.count), nil, nil)
                }
            }
        }

        /// Returns the chain and the key as a PKCS#12 file.
        package func pkcs12(password: String) throws(TLSFailure) -> Bytes {
            let key = try PrivateKey.read(pem: self.key, password: nil)
            defer { EVP_PKEY_free(key) }
            let file = try Certificates(pem: self.chain, what: "the chain").lend { certificates in
                PKCS12_create(password, "key", key, certificates[0], nil, 0, 0, 0, 0, 0)
            }
            guard let file else { throw .other(OpenSSLError.takeText()) }
            defer { PKCS12_free(file) }
            return try CertificateAuthority.pem { i2d_PKCS12_bio($0, file) }
        }
    }

    /// The authority's own certificate in PEM, for peers to trust.
    package let certificate: Bytes
    // Both are only read, which OpenSSL allows from any thread.
    nonisolated(unsafe) private let authority: OpaquePointer
    nonisolated(unsafe) private let key: OpaquePointer
    /// The certificates after each issued one: the authority's own and those above it, without the root's. Empty for a
    /// root.
    private let chain: Bytes
    private let serial = Atomic(1)

    /// Creates a root authority.
    ///
    /// - Parameter name: The authority's name in its certificates.
    package convenience init(name: String = "AsyncKafka test authority") throws(TLSFailure) {
        try self.init(name: name, below: nil)
    }

    private init(name: String, below issuer: CertificateAuthority?) throws(TLSFailure) {
        guard let key = kafka_new_key() else { throw .other(OpenSSLError.takeText()) }
        do throws(TLSFailure) {
            let certificate = try Self.make(
                name: name, serial: issuer?.nextSerial() ?? 1, validity: -3600...(86_400 * 30), key: key,
                issuer: issuer?.authority, issuerKey: issuer?.key ?? key,
                extensions: [
                    (NID_basic_constraints, "critical,CA:TRUE"), (NID_key_usage, "critical,keyCertSign,cRLSign"),
                ])
            let own = try Self.pem { PEM_write_bio_X509($0, certificate) }
            self.certificate = own
            self.chain = issuer.map { Bytes(Array(own) + Array($0.chain)) } ?? Bytes()
            self.authority = certificate
            self.key = key
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
    }

    /// Returns an authority that this one has certified. Its own certificate is part of the chains that it issues.
    package func intermediate(name: String) throws(TLSFailure) -> CertificateAuthority {
        try CertificateAuthority(name: name, below: self)
    }

    deinit {
        X509_free(self.authority)
        EVP_PKEY_free(self.key)
    }

    /// Issues a certificate for a server or a client.
    ///
    /// - Parameters:
    ///   - name: The subject's common name, which brokers use as a client's principal.
    ///   - hosts: The DNS names and IP addresses, such as `DNS:localhost` or `IP:127.0.0.1`.
    ///   - validity: The start and end of the validity, in seconds from now.
    package func issue(
        name: String = "localhost", hosts: [String] = ["DNS:localhost", "IP:127.0.0.1", "IP:::1"],
        validity: ClosedRange<Int> = -3600...(86_400 * 30)
    ) throws(TLSFailure) -> Issued {
        guard let key = kafka_new_key() else { throw .other(OpenSSLError.takeText()) }
        defer { EVP_PKEY_free(key) }
        var extensions = [(NID_basic_constraints, "CA:FALSE"), (NID_ext_key_usage, "serverAuth,clientAuth")]
        if !hosts.isEmpty { extensions.append((NID_subject_alt_name, hosts.joined(separator: ","))) }
        let certificate = try Self.make(
            name: name, serial: self.nextSerial(), validity: validity, key: key, issuer: self.authority,
            issuerKey: self.key, extensions: extensions)
        defer { X509_free(certificate) }
        let own = try Self.pem { PEM_write_bio_X509($0, certificate) }
        return Issued(
            chain: Bytes(Array(own) + Array(self.chain)),
            key: try Self.pem { PEM_write_bio_PKCS8PrivateKey($0, key, nil, nil, 0, nil, nil) })
    }

    private func nextSerial() -> Int {
        self.serial.wrappingAdd(1, ordering: .relaxed).newValue
    }

    private static func make(
        name: String, serial: Int, validity: ClosedRange<Int>, key: OpaquePointer, issuer: OpaquePointer?,
        issuerKey: OpaquePointer, extensions: [(Int32, String)]
    ) throws(TLSFailure) -> OpaquePointer {
        guard let certificate = X509_new() else { throw .other(OpenSSLError.takeText()) }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial)
        X509_gmtime_adj(X509_getm_notBefore(certificate), validity.lowerBound)
        X509_gmtime_adj(X509_getm_notAfter(certificate), validity.upperBound)
        X509_NAME_add_entry_by_txt(
            X509_get_subject_name(certificate), "CN", Int32(MBSTRING_UTF8), name, Int32(name.utf8.count), -1, 0)
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer ?? certificate))
        X509_set_pubkey(certificate, key)
        var isGood = true
        for (kind, value) in extensions {
            isGood = isGood && kafka_add_extension(certificate, issuer ?? certificate, kind, value) == 1
        }
        guard isGood, X509_sign(certificate, issuerKey, EVP_sha256()) > 0 else {
            X509_free(certificate)
            throw .configuration("a certificate for \(name) can't be made: \(OpenSSLError.takeText())")
        }
        return certificate
    }

    fileprivate static func pem(_ write: (OpaquePointer) -> Int32) throws(TLSFailure) -> Bytes {
        guard let bio = BIO_new(BIO_s_mem()) else { throw .other(OpenSSLError.takeText()) }
        defer { BIO_free(bio) }
        var start: UnsafeMutablePointer<CChar>?
        guard write(bio) == 1 else { throw .other(OpenSSLError.takeText()) }
        let count = kafka_BIO_bytes(bio, &start)
        return Bytes(copying: UnsafeRawBufferPointer(start: start, count: count))
    }
}
