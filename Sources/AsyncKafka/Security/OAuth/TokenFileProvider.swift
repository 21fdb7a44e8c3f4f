// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Reads tokens from a file that another process renews: a Kubernetes projected volume, an agent running beside the
/// client.
///
/// The file contains a single token, with optional whitespace around it. It is read for each connection and each
/// session renewal, so a renewed token is used at once and no ``CachingTokenProvider`` is needed. The process that writes
/// it should write a new file and rename it, so that a partially written file is never read.
///
/// A missing, empty or oversized file, or an expired token, fails the connection attempt with an error that says so. The
/// error is retriable, since the other process may fix the cause.
public struct TokenFileProvider: OAuthBearerTokenProvider {
    private let path: String
    private let opaqueTokenLifetime: Duration?

    /// Far above the size of any token.
    private static let sizeLimit = 1 << 20

    /// Creates a provider for the token in a file.
    ///
    /// - Parameters:
    ///   - path: The file's path. The file may be created later.
    ///   - opaqueTokenLifetime: The lifetime, from the time of reading, of a token that isn't a JWT with an `exp`. The
    ///     broker may end the session earlier. Default: nil, which requires a JWT with an `exp`.
    public init(_ path: String, opaqueTokenLifetime: Duration? = nil) {
        self.path = path
        self.opaqueTokenLifetime = opaqueTokenLifetime
    }

    /// Returns the token that the file currently contains.
    ///
    /// - Throws: A retriable `.authenticationFailed` if the file doesn't exist, can't be read, is empty or exceeds 1 MiB, if
    ///   it contains more than a single token, if the token has expired, or if it isn't a JWT with an `exp` and
    ///   `opaqueTokenLifetime` is nil.
    public func token() throws(KafkaError) -> OAuthBearerToken {
        let text = try Self.read(self.path, "token")
        if let token = try? OAuthBearerToken(jwt: Secret(text)) {
            guard token.expiresAt.millisecondsSince1970 > LoopClock.system.coarseWallMilliseconds else {
                throw Self.failure(
                    "The token in the file \(self.path) has expired (at \(token.expiresAt)), and was not renewed."
                )
            }
            return token
        }
        guard let opaqueTokenLifetime else {
            throw Self.failure(
                "The token in the file \(self.path) is no JWT with an exp, so nobody knows when it ends: "
                    + "set opaqueTokenLifetime if it shouldn't be one.")
        }
        return OAuthBearerToken(Secret(text), lifetime: opaqueTokenLifetime)
    }

    /// Returns the contents of a file with a single token or assertion.
    ///
    /// - Parameters:
    ///   - path: The file's path.
    ///   - what: What the file contains, for errors.
    package static func read(_ path: String, _ what: String) throws(KafkaError) -> String {
        let bytes: Bytes
        do throws(KafkaError) {
            bytes = try FileContents.read(path, what, limit: Self.sizeLimit)
        } catch {
            throw Self.failure(error.message)
        }
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        let text = Array(bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
        guard !text.isEmpty else { throw Self.failure("The file \(path) (\(what)) is empty.") }
        // Other characters could break out of the message that the token is sent in.
        guard text.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Self.failure("The file \(path) (\(what)) has more in it than one \(what): spaces, lines, or no text.")
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func failure(_ message: String) -> KafkaError {
        KafkaError(.authenticationFailed, message, isRetriable: true)
    }
}
