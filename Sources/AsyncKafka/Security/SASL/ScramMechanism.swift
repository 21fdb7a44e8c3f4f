// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Name and password, neither of which is sent: both sides prove that they know it (RFC 5802).
///
/// The password's bytes are its UTF-8, as Kafka's own client takes them; no SASLprep is done, since Kafka's brokers store
/// passwords without it.
public struct ScramMechanism: SASLMechanism {
    /// `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    public var name: String { self.hash == .sha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512" }

    /// What a SCRAM mechanism is named after.
    @nonexhaustive
    public enum Hash: Hashable, Sendable {
        /// `SCRAM-SHA-256`
        case sha256
        /// `SCRAM-SHA-512`
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
    public func makeExchange(with server: KafkaServer) async throws -> any SASLExchange {
        ScramExchange(
            hash: self.hash, credentials: try await self.credentials(), isToken: self.isToken,
            nonce: Base64.encode(HashFunction.random(24)), saltedPasswords: self.saltedPasswords)
    }
}

extension SASLMechanism where Self == ScramMechanism {
    /// SCRAM-SHA-256 with a name and a password.
    public static func scramSHA256(username: String, password: Secret) -> ScramMechanism {
        let credentials = SASLCredentials(username: username, password: password)
        return ScramMechanism(.sha256, isToken: false) { credentials }
    }

    /// SCRAM-SHA-512 with a name and a password.
    public static func scramSHA512(username: String, password: Secret) -> ScramMechanism {
        let credentials = SASLCredentials(username: username, password: password)
        return ScramMechanism(.sha512, isToken: false) { credentials }
    }

    /// SCRAM-SHA-256 with credentials that are asked for anew for each authentication, so that they can change.
    public static func scramSHA256(
        credentials: @escaping @Sendable () async throws -> SASLCredentials
    ) -> ScramMechanism {
        ScramMechanism(.sha256, isToken: false, credentials)
    }

    /// SCRAM-SHA-512 with credentials that are asked for anew for each authentication, so that they can change.
    public static func scramSHA512(
        credentials: @escaping @Sendable () async throws -> SASLCredentials
    ) -> ScramMechanism {
        ScramMechanism(.sha512, isToken: false, credentials)
    }

    /// A delegation token, as the broker gave it (KIP-48).
    ///
    /// - Parameters:
    ///   - id: the token's id.
    ///   - hmac: its HMAC, in Base64.
    ///   - hash: the SCRAM mechanism's that the cluster offers. SHA-256 by default.
    public static func delegationToken(
        id: String, hmac: Secret, hash: ScramMechanism.Hash = .sha256
    ) -> ScramMechanism {
        let credentials = SASLCredentials(username: id, password: hmac)
        return .delegationToken(hash: hash) { credentials }
    }

    /// A delegation token that is asked for anew for each authentication, so that another can take its place.
    ///
    /// - Parameters:
    ///   - hash: the SCRAM mechanism's that the cluster offers. SHA-256 by default.
    ///   - credentials: the token's id for the user name, and its HMAC in Base64 for the password.
    public static func delegationToken(
        hash: ScramMechanism.Hash = .sha256, credentials: @escaping @Sendable () async throws -> SASLCredentials
    ) -> ScramMechanism {
        ScramMechanism(hash == .sha256 ? .sha256 : .sha512, isToken: true, credentials)
    }
}

/// The last salted password: making one takes thousands of rounds of hashing, which every connection would do again.
final class SaltedPasswordCache: Sendable {
    struct Key: Hashable {
        var password: [UInt8]
        var salt: [UInt8]
        var iterations: Int
    }

    typealias Derivation = @Sendable (Key, HashFunction) -> [UInt8]

    private let last = Lock<(key: Key, salted: [UInt8])?>(nil)
    private let derive: Derivation

    /// - Parameter derive: the costly part; tests count how often it is done.
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
