// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
package import KafkaMemory

/// A generated key pair, for verifying signatures with its public half.
package final class TestKey: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case rsa2048, rsa1024, p256, p384, ed25519
    }

    nonisolated(unsafe) private let key: OpaquePointer

    private struct Failure: Error {}

    package init(_ kind: Kind) throws {
        let name =
            switch kind {
            case .rsa2048, .rsa1024: "RSA"
            case .p256, .p384: "EC"
            case .ed25519: "ED25519"
            }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, name, nil) else { throw Failure() }
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        switch kind {
        case .rsa2048: EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048)
        case .rsa1024: EVP_PKEY_CTX_set_rsa_keygen_bits(context, 1024)
        case .p256: EVP_PKEY_CTX_set_group_name(context, "P-256")
        case .p384: EVP_PKEY_CTX_set_group_name(context, "P-384")
        case .ed25519: break
        }
        var key: OpaquePointer?
        guard EVP_PKEY_generate(context, &key) == 1, let key else { throw Failure() }
        self.key = key
    }

    deinit {
        EVP_PKEY_free(self.key)
    }

    /// Returns the private key, encrypted (PKCS#8, AES-256) if there is a password.
    package func pem(password: String? = nil) throws -> Bytes {
        guard let bio = BIO_new(BIO_s_mem()) else { throw Failure() }
        defer { BIO_free(bio) }
        let result =
            if let password {
                password.withCString {
                    PEM_write_bio_PKCS8PrivateKey(
                        bio, self.key, EVP_aes_256_cbc(), $0, Int32(password.utf8.count), nil, nil)
                }
            } else {
                PEM_write_bio_PKCS8PrivateKey(bio, self.key, nil, nil, 0, nil, nil)
            }
        var start: UnsafeMutablePointer<CChar>?
        guard result == 1 else { throw Failure() }
        let count = kafka_BIO_bytes(bio, &start)
        return Bytes(copying: UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Returns whether the signature was made with this key: RS256, or ES256 if it consists of two 32-byte numbers.
    package func hasSigned(_ bytes: [UInt8], _ signature: [UInt8]) -> Bool {
        var signature = signature
        if EVP_PKEY_get_base_id(self.key) == EVP_PKEY_EC {
            guard signature.count == 64, let numbers = ECDSA_SIG_new() else { return false }
            defer { ECDSA_SIG_free(numbers) }
            ECDSA_SIG_set0(
                numbers, BN_bin2bn(Array(signature[..<32]), 32, nil), BN_bin2bn(Array(signature[32...]), 32, nil))
            var der: UnsafeMutablePointer<UInt8>?
            let count = Int(i2d_ECDSA_SIG(numbers, &der))
            signature = Array(UnsafeBufferPointer(start: der, count: count))
            CRYPTO_free(der, #file, #line)
        }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, self.key) == 1
            && EVP_DigestVerify(context, signature, signature.count, bytes, bytes.count) == 1
    }
}
