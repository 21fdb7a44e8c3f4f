// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// A hash function of the SHA-2 family, computed by OpenSSL, with the functions that SCRAM derives from it.
///
/// If OpenSSL can't or may not compute a result, it is random instead, so that it never matches anything.
package enum HashFunction: Sendable {
    case sha256
    case sha512

    /// The number of bytes of a result.
    package var size: Int { self == .sha256 ? 32 : 64 }

    private var digest: OpaquePointer? { self == .sha256 ? EVP_sha256() : EVP_sha512() }

    package func hash(_ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: self.size)
        guard EVP_Digest(bytes, bytes.count, &result, nil, self.digest, nil) == 1 else { return Self.random(self.size) }
        return result
    }

    /// Returns the HMAC (RFC 2104) of `bytes`.
    package func authenticationCode(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: self.size)
        let code = HMAC(self.digest, key, Int32(clamping: key.count), bytes, bytes.count, &result, nil)
        return code == nil ? Self.random(self.size) : result
    }

    /// Returns the key that PBKDF2 (RFC 8018) derives, which RFC 5802 calls `Hi`.
    package func derivedKey(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: self.size)
        let status = password.withUnsafeBytes { password in
            PKCS5_PBKDF2_HMAC(
                password.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: password.count), salt,
                Int32(clamping: salt.count), Int32(clamping: iterations), self.digest, Int32(self.size), &result)
        }
        return status == 1 ? result : Self.random(self.size)
    }

    /// Returns whether two codes are equal, in constant time.
    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// Returns cryptographically secure random bytes.
    package static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
