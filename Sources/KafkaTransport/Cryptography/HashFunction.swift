// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// A hash function of the SHA-2 family, by OpenSSL, with what SCRAM makes of it.
///
/// Where OpenSSL can't or may not compute it, the result is of chance: what nobody else has, so that nobody is believed by it.
package enum HashFunction: Sendable {
    case sha256
    case sha512

    /// The bytes of a result.
    package var size: Int { self == .sha256 ? 32 : 64 }

    private var digest: OpaquePointer? { self == .sha256 ? EVP_sha256() : EVP_sha512() }

    package func hash(_ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: self.size)
        guard EVP_Digest(bytes, bytes.count, &result, nil, self.digest, nil) == 1 else { return Self.random(self.size) }
        return result
    }

    /// RFC 2104.
    package func authenticationCode(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: self.size)
        let code = HMAC(self.digest, key, Int32(clamping: key.count), bytes, bytes.count, &result, nil)
        return code == nil ? Self.random(self.size) : result
    }

    /// PBKDF2 of RFC 8018: `Hi` in RFC 5802.
    package func derivedKey(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: self.size)
        let status = password.withUnsafeBytes { password in
            PKCS5_PBKDF2_HMAC(
                password.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: password.count), salt,
                Int32(clamping: salt.count), Int32(clamping: iterations), self.digest, Int32(self.size), &result)
        }
        return status == 1 ? result : Self.random(self.size)
    }

    /// Whether two codes are the same, in a time that doesn't tell where they differ.
    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// Bytes that nobody can guess.
    package static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
