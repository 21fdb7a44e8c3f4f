// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Tokens out of a file that another process renews: a Kubernetes projected volume, an agent beside the client.
///
/// The file has one token, and spaces or line ends around it. It is read for each call, which is once a connection and once
/// each time a session is renewed: so a token that was renewed is in use at once, and no `CachingTokenProvider` is needed. Whoever
/// writes it should write another file and rename it, so that nobody reads a half of it.
///
/// A file that is missing, empty, too large, or has a token that is no longer good gives an error that says so; it is retriable,
/// since the other process may put it right.
public struct TokenFileProvider: OAuthBearerTokenProvider {
    private let path: String
    private let opaqueTokenLifetime: Duration?

    /// Nobody's headers are larger.
    private static let sizeLimit = 1 << 20

    /// - Parameters:
    ///   - path: where the file is. It may come into being later.
    ///   - opaqueTokenLifetime: how long after being read a token is good that isn't a JWT with an `exp`. Nil, the default, wants
    ///     tokens to have that. The broker's session doesn't last longer, whatever is said here.
    public init(_ path: String, opaqueTokenLifetime: Duration? = nil) {
        self.path = path
        self.opaqueTokenLifetime = opaqueTokenLifetime
    }

    /// The token that is in the file now.
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

    /// What stands in a file that has one token or assertion.
    ///
    /// - Parameter what: what that is, for errors.
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
        // A token is sent among other things, which it must not be able to become.
        guard text.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Self.failure("The file \(path) (\(what)) has more in it than one \(what): spaces, lines, or no text.")
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func failure(_ message: String) -> KafkaError {
        KafkaError(.authenticationFailed, message, isRetriable: true)
    }
}
