// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import COpenSSL
import KafkaMemory
import KafkaTransport

/// A private key that signs JWTs, using OpenSSL (RFC 7518, section 3).
final class SigningKey: Sendable {
    enum Algorithm: String, Sendable {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        case rs256 = "RS256"
        /// ECDSA on P-256 with SHA-256.
        case es256 = "ES256"
    }

    let algorithm: Algorithm
    /// OpenSSL allows reading a key from any thread, and it isn't changed.
    nonisolated(unsafe) private let key: OpaquePointer

    /// The number of bytes of each of the two numbers of ES256.
    private static let coordinateSize = 32

    init(pem: Bytes, password: Secret?) throws(KafkaError) {
        let key: OpaquePointer
        do throws(TLSFailure) {
            key = try PrivateKey.read(pem: pem, password: password?.text)
        } catch {
            throw KafkaError(.invalidConfiguration, "Assertions can't be signed: \(error).", underlyingError: error)
        }
        do throws(KafkaError) {
            self.algorithm = try Self.algorithm(of: key)
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
        self.key = key
    }

    deinit {
        EVP_PKEY_free(self.key)
    }

    private static func algorithm(of key: OpaquePointer) throws(KafkaError) -> Algorithm {
        let bits = EVP_PKEY_get_bits(key)
        switch EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA where bits >= 2048:
            return .rs256
        case EVP_PKEY_RSA:
            throw .invalidConfiguration(
                "Assertions can't be signed: RS256 wants an RSA key of 2048 bits or more, and this one has \(bits).")
        case EVP_PKEY_EC:
            var name = [CChar](repeating: 0, count: 64)
            var count = 0
            guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1,
                String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) == "prime256v1"
            else {
                throw .invalidConfiguration("Assertions can't be signed: ES256 wants a key on the curve P-256.")
            }
            return .es256
        default:
            throw .invalidConfiguration("Assertions can't be signed: the key is neither RSA (RS256) nor P-256 (ES256).")
        }
    }

    /// Returns the signature in the form of a JWS.
    func sign(_ bytes: [UInt8]) throws(KafkaError) -> [UInt8] {
        ERR_clear_error()
        guard let context = EVP_MD_CTX_new() else { throw Self.failure() }
        defer { EVP_MD_CTX_free(context) }
        var count = 0
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, self.key) == 1,
            EVP_DigestSign(context, nil, &count, bytes, bytes.count) == 1
        else { throw Self.failure() }
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, bytes, bytes.count) == 1 else { throw Self.failure() }
        signature.removeLast(signature.count - count)
        return self.algorithm == .rs256 ? signature : try Self.joined(signature)
    }

    /// Returns the two numbers of an ECDSA signature, concatenated with equal lengths, as JOSE requires (RFC 7518,
    /// section 3.4). OpenSSL encodes them as a DER sequence.
    static func joined(_ der: [UInt8]) throws(KafkaError) -> [UInt8] {
        let size = Self.coordinateSize
        let result = der.withUnsafeBufferPointer { der -> [UInt8]? in
            var start = der.baseAddress
            guard let signature = d2i_ECDSA_SIG(nil, &start, der.count) else { return nil }
            defer { ECDSA_SIG_free(signature) }
            var numbers = [UInt8](repeating: 0, count: 2 * size)
            let isWritten = numbers.withUnsafeMutableBufferPointer { numbers in
                guard let base = numbers.baseAddress else { return false }
                return BN_bn2binpad(ECDSA_SIG_get0_r(signature), base, Int32(size)) == Int32(size)
                    && BN_bn2binpad(ECDSA_SIG_get0_s(signature), base + size, Int32(size)) == Int32(size)
            }
            return isWritten ? numbers : nil
        }
        guard let result else { throw Self.failure() }
        return result
    }

    private static func failure() -> KafkaError {
        .invalidConfiguration("Assertions can't be signed: \(OpenSSLError.takeText()).")
    }
}
