// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// SCRAM (RFC 5802): both sides prove that they know the password without sending it.
///
/// The password is used as UTF-8 without SASLprep, as in Kafka's Java client: Kafka's brokers store passwords without
/// it.
public struct ScramMechanism: SASLMechanism {
    /// `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    public var name: String { self.hash == .sha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512" }

    /// The hash function of a SCRAM mechanism.
    @nonexhaustive
    public enum Hash: Hashable, Sendable {
        /// SHA-256, for `SCRAM-SHA-256`.
        case sha256
        /// SHA-512, for `SCRAM-SHA-512`.
        case sha512
    }

    private let hash: HashFunction
    private let isToken: Bool
    private let credentials: @Sendable () async throws -> SASLCredentials
    private let saltedPasswords = SaltedPasswordCache()

    init(
        _ hash: HashFunction, isToken: Bool, _ credentials: @escaping @Sendable () async throws -> SASLCredentials
    ) {
        self.hash = hash
        self.isToken = isToken
        self.credentials = credentials
    }

    /// Fetches the credentials.
    ///
    /// - Parameter server: The broker, which isn't used.
    /// - Returns: The exchange that proves knowledge of the password.
    /// - Throws: Whatever the source of the credentials throws. Fixed credentials never throw.
    public func makeExchange(with server: KafkaServer) async throws -> any SASLExchange {
        ScramExchange(
            hash: self.hash, credentials: try await self.credentials(), isToken: self.isToken,
            nonce: Base64.encode(HashFunction.random(24)), saltedPasswords: self.saltedPasswords)
    }
}

extension SASLMechanism where Self == ScramMechanism {
    /// Returns SCRAM-SHA-256 with a fixed user name and password.
    public static func scramSHA256(username: String, password: Secret) -> ScramMechanism {
        let credentials = SASLCredentials(username: username, password: password)
        return ScramMechanism(.sha256, isToken: false) { credentials }
    }

    /// Returns SCRAM-SHA-512 with a fixed user name and password.
    public static func scramSHA512(username: String, password: Secret) -> ScramMechanism {
        let credentials = SASLCredentials(username: username, password: password)
        return ScramMechanism(.sha512, isToken: false) { credentials }
    }

    /// Returns SCRAM-SHA-256 with credentials that are fetched for each authentication, so that they can change.
    ///
    /// - Parameter credentials: Returns the user name and password. If it throws, the connection attempt fails, with
    ///   `.authenticationFailed` unless the error is a ``KafkaError``, and is repeated after a backoff.
    public static func scramSHA256(
        credentials: @escaping @Sendable () async throws -> SASLCredentials
    ) -> ScramMechanism {
        ScramMechanism(.sha256, isToken: false, credentials)
    }

    /// Returns SCRAM-SHA-512 with credentials that are fetched for each authentication, so that they can change.
    ///
    /// - Parameter credentials: Returns the user name and password. If it throws, the connection attempt fails, with
    ///   `.authenticationFailed` unless the error is a ``KafkaError``, and is repeated after a backoff.
    public static func scramSHA512(
        credentials: @escaping @Sendable () async throws -> SASLCredentials
    ) -> ScramMechanism {
        ScramMechanism(.sha512, isToken: false, credentials)
    }

    /// Returns SCRAM with a delegation token (KIP-48).
    ///
    /// - Parameters:
    ///   - id: The token's id.
    ///   - hmac: The token's HMAC in Base64.
    ///   - hash: The hash function of the SCRAM mechanism that the brokers have enabled. Default: SHA-256.
    public static func delegationToken(
        id: String, hmac: Secret, hash: ScramMechanism.Hash = .sha256
    ) -> ScramMechanism {
        let credentials = SASLCredentials(username: id, password: hmac)
        return .delegationToken(hash: hash) { credentials }
    }

    /// Returns SCRAM with a delegation token that is fetched for each authentication, so that it can be replaced.
    ///
    /// - Parameters:
    ///   - hash: The hash function of the SCRAM mechanism that the brokers have enabled. Default: SHA-256.
    ///   - credentials: Returns the token's id as the user name, and its HMAC in Base64 as the password. If it throws, the
    ///     connection attempt fails, with `.authenticationFailed` unless the error is a ``KafkaError``, and is repeated
    ///     after a backoff.
    public static func delegationToken(
        hash: ScramMechanism.Hash = .sha256, credentials: @escaping @Sendable () async throws -> SASLCredentials
    ) -> ScramMechanism {
        ScramMechanism(hash == .sha256 ? .sha256 : .sha512, isToken: true, credentials)
    }
}

/// Caches the last salted password. Computing it takes thousands of iterations, which every connection would repeat.
final class SaltedPasswordCache: Sendable {
    struct Key: Hashable {
        var password: [UInt8]
        var salt: [UInt8]
        var iterations: Int
    }

    typealias Derivation = @Sendable (Key, HashFunction) -> [UInt8]

    private let last = Lock<(key: Key, salted: [UInt8])?>(nil)
    private let derive: Derivation

    /// - Parameter derive: The expensive computation. Tests count its calls.
    init(
        derive: @escaping Derivation = {
            $1.derivedKey(password: $0.password, salt: $0.salt, iterations: $0.iterations)
        }
    ) {
        self.derive = derive
    }

    func salted(_ key: Key, by hash: HashFunction) -> [UInt8] {
        if let last = self.last.withLock({ $0 }), last.key == key { return last.salted }
        let salted = self.derive(key, hash)
        self.last.withLock { $0 = (key, salted) }
        return salted
    }
}
