// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import KafkaMemory
import KafkaTransport

/// A separate OpenSSL library context with legacy algorithms, which the default context doesn't have.
final class LegacyAlgorithms {
    private let library: OpaquePointer
    private var providers: [OpaquePointer] = []

    private struct Failure: Error {}

    /// Returns nil if this machine has no such provider.
    init?() {
        guard let library = OSSL_LIB_CTX_new() else { return nil }
        self.library = library
        for name in ["default", "legacy"] {
            guard let provider = OSSL_PROVIDER_load(library, name) else { return nil }
            self.providers.append(provider)
        }
    }

    deinit {
        for provider in self.providers { OSSL_PROVIDER_unload(provider) }
        OSSL_LIB_CTX_free(self.library)
    }

    /// Returns a PKCS#12 file as written by OpenSSL 1, with its certificate encrypted by RC2-40.
    func pkcs12(_ issued: CertificateAuthority.Issued, password: String) throws -> Bytes {
        let key = try PrivateKey.read(pem: issued.key, password: nil)
        defer { EVP_PKEY_free(key) }
        guard let source = BIO_new(BIO_s_mem()) else { throw Failure() }
        defer { BIO_free(source) }
        BIO_write(source, Array(issued.chain), Int32(issued.chain.count))
        guard let certificate = PEM_read_bio_X509(source, nil, nil, nil) else { throw Failure() }
        defer { X509_free(certificate) }
        let algorithm = NID_pbe_WithSHA1And40BitRC2_CBC
        guard
            let file = PKCS12_create_ex(
                password, "key", key, certificate, nil, algorithm, algorithm, 0, 0, 0, self.library, nil),
            let target = BIO_new(BIO_s_mem())
        else { throw Failure() }
        defer {
            PKCS12_free(file)
            BIO_free(target)
        }
        guard i2d_PKCS12_bio(target, file) == 1 else { throw Failure() }
        return Self.written(to: target)
    }

    /// Returns a private key in PEM as encrypted by OpenSSL 1, with DES.
    func privateKey(_ issued: CertificateAuthority.Issued, password: String) throws -> Bytes {
        let key = try PrivateKey.read(pem: issued.key, password: nil)
        defer { EVP_PKEY_free(key) }
        guard let plain = EVP_PKEY2PKCS8(key), let target = BIO_new(BIO_s_mem()) else { throw Failure() }
        defer {
            PKCS8_PRIV_KEY_INFO_free(plain)
            BIO_free(target)
        }
        guard
            let encrypted = PKCS8_encrypt_ex(
                NID_pbeWithMD5AndDES_CBC, nil, password, Int32(password.utf8.count), nil, 0, 0, plain, self.library, nil
            )
        else { throw Failure() }
        defer { X509_SIG_free(encrypted) }
        guard PEM_write_bio_PKCS8(target, encrypted) == 1 else { throw Failure() }
        return Self.written(to: target)
    }

    private static func written(to target: OpaquePointer) -> Bytes {
        var start: UnsafeMutablePointer<CChar>?
        let count = kafka_BIO_bytes(target, &start)
        return Bytes(copying: UnsafeRawBufferPointer(start: start, count: count))
    }
}
