// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The credentials of the cluster's users, which are only used on the cluster's loop.
final class UserCredentials {
    /// A user's SCRAM credential.
    struct KeysID: Hashable {
        var user: String
        var hash: HashFunction
    }

    private var passwords: [String: String]
    /// The SCRAM keys that were derived from a password, or set by AlterUserScramCredentials.
    private var keys: [KeysID: ScramKeys] = [:]
    /// The credentials that were deleted though the user has a password.
    private var deleted: Set<KeysID> = []
    let checkToken: (@Sendable (String, [String: String]) -> EmbeddedKafka.TokenVerdict)?
    var tokens = DelegationTokens()
    #if GSSAPI
    private let serviceKeys: ServiceKeys?
    #endif

    init(_ configuration: EmbeddedKafka.Configuration) throws(EmbeddedKafkaError) {
        self.passwords = configuration.users
        self.checkToken = configuration.checkToken
        #if GSSAPI
        self.serviceKeys = if let kerberos = configuration.kerberos { try ServiceKeys(kerberos) } else { nil }
        #endif
    }

    func password(of user: String) -> String? { self.passwords[user] }

    func setPassword(_ password: String?, of user: String) {
        self.passwords[user] = password
        self.keys = self.keys.filter { $0.key.user != user }
        self.deleted = self.deleted.filter { $0.user != user }
    }

    /// Returns the SCRAM keys of a user. They are derived on first use, because that takes milliseconds.
    func scramKeys(of user: String, by hash: HashFunction) -> ScramKeys? {
        let id = KeysID(user: user, hash: hash)
        if let keys = self.keys[id] { return keys }
        guard let password = self.passwords[user], !self.deleted.contains(id) else { return nil }
        let keys = ScramKeys(password: password, by: hash)
        self.keys[id] = keys
        return keys
    }

    // MARK: SCRAM credentials

    /// The users with SCRAM credentials, sorted.
    var scramUsers: [String] {
        Set(self.keys.keys.map(\.user)).union(self.passwords.keys).filter { !self.scramKeys(of: $0).isEmpty }.sorted()
    }

    /// Returns the mechanisms for which a user has a credential, with the iterations.
    func scramKeys(of user: String) -> [(hash: HashFunction, iterations: Int)] {
        [HashFunction.sha256, .sha512].compactMap { hash in
            let id = KeysID(user: user, hash: hash)
            if let keys = self.keys[id] { return (hash, keys.iterations) }
            return self.hasKeys(id) ? (hash, ScramKeys.defaultIterations) : nil
        }
    }

    func hasKeys(_ id: KeysID) -> Bool {
        self.keys[id] != nil || self.passwords[id.user] != nil && !self.deleted.contains(id)
    }

    /// Sets a user's credential, or deletes it. A user's password for PLAIN stays.
    func setKeys(_ keys: ScramKeys?, of id: KeysID) {
        self.keys[id] = keys
        if keys == nil { self.deleted.insert(id) } else { self.deleted.remove(id) }
    }

    /// Returns the server of a mechanism, or nil if the mechanism's settings are missing.
    func server(for mechanism: EmbeddedKafka.Mechanism) -> (any SASLServer)? {
        switch mechanism {
        case .plain: PlainServer(credentials: self)
        case .scramSHA256: ScramServer(hash: .sha256, credentials: self)
        case .scramSHA512: ScramServer(hash: .sha512, credentials: self)
        case .oauthBearer: OAuthBearerServer(credentials: self)
        #if GSSAPI
        case .gssapi: self.serviceKeys.map { GSSAPIServer(keys: $0) }
        #endif
        }
    }
}
