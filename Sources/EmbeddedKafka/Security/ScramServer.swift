// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// The SCRAM mechanism (RFC 5802) without channel binding.
struct ScramServer: SASLServer {
    private struct Challenge {
        var client: String
        var server: String
        var nonce: String
        var login: Login
    }

    /// The claimed identity of the client and its keys.
    private struct Login {
        var identity: Identity
        var keys: ScramKeys
    }

    let hash: HashFunction
    let credentials: UserCredentials
    /// The server's nonce, which is random and printable.
    let nonce: String
    private var challenge: Challenge?

    init(hash: HashFunction, credentials: UserCredentials, nonce: String = Base64.encode(HashFunction.random(18))) {
        self.hash = hash
        self.credentials = credentials
        self.nonce = nonce
    }

    mutating func respond(to message: Bytes, at time: Int64) -> SASLServerStep {
        let text = String(decoding: message, as: UTF8.self)
        if let challenge = self.challenge { return self.check(text, challenge) }
        return self.begin(text, at: time)
    }

    /// Processes the first message: `n,,n=user,r=nonce`, optionally with `,tokenauth=true`.
    private mutating func begin(_ text: String, at time: Int64) -> SASLServerStep {
        let parts = text.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "n" || parts[0] == "y", parts[1].isEmpty else { return .refused }
        let attributes = Self.attributes(parts[2])
        guard let name = attributes["n"], let nonce = attributes["r"], !nonce.isEmpty,
            let login = self.login(
                name.replacing("=2C", with: ",").replacing("=3D", with: "="),
                isToken: attributes["tokenauth"]?.lowercased() == "true", at: time)
        else { return .refused }
        let both = "\(nonce)\(self.nonce)"
        let answer = "r=\(both),s=\(Base64.encode(login.keys.salt)),i=\(login.keys.iterations)"
        self.challenge = Challenge(client: String(parts[2]), server: answer, nonce: both, login: login)
        return .challenge(Bytes(answer))
    }

    private func login(_ name: String, isToken: Bool, at time: Int64) -> Login? {
        guard isToken else {
            return self.credentials.scramKeys(of: name, by: self.hash).map {
                Login(identity: Identity(user: name), keys: $0)
            }
        }
        guard let token = self.credentials.tokens.valid(id: name, at: time) else { return nil }
        return Login(
            identity: Identity(user: token.owner, isByToken: true, endsAt: token.expiresAt),
            keys: ScramKeys(password: Base64.encode(token.hmac), by: self.hash))
    }

    /// Processes the final message, `c=biws,r=nonce,p=proof`. The proof is the client key XOR the signature of all
    /// messages.
    private func check(_ text: String, _ challenge: Challenge) -> SASLServerStep {
        let attributes = Self.attributes(text[...])
        guard let channel = attributes["c"],
            Base64.decode(channel).map({ $0.prefix(2) == Array("n,".utf8)[...] }) == true,
            attributes["r"] == challenge.nonce, let proof = attributes["p"].flatMap({ Base64.decode($0) }),
            proof.count == self.hash.size, let end = text.firstRange(of: ",p=")?.lowerBound
        else { return .refused }
        let keys = challenge.login.keys
        let message = Array("\(challenge.client),\(challenge.server),\(text[..<end])".utf8)
        let signature = self.hash.authenticationCode(key: keys.storedKey, message)
        let clientKey = zip(proof, signature).map { $0 ^ $1 }
        guard HashFunction.areEqual(self.hash.hash(clientKey), keys.storedKey) else { return .refused }
        let verifier = self.hash.authenticationCode(key: keys.serverKey, message)
        return .accepted(challenge.login.identity, Bytes("v=\(Base64.encode(verifier))"))
    }

    private static func attributes(_ text: Substring) -> [String: String] {
        var values: [String: String] = [:]
        for part in text.split(separator: ",") {
            guard let equals = part.firstIndex(of: "=") else { continue }
            values[String(part[..<equals])] = String(part[part.index(after: equals)...])
        }
        return values
    }
}

/// The keys that a broker derives from a password and stores.
struct ScramKeys {
    let salt: [UInt8]
    let iterations: Int
    let storedKey: [UInt8]
    let serverKey: [UInt8]

    /// The iterations that Kafka permits.
    static let iterations = 4096...16_384
    /// Kafka's default.
    static let defaultIterations = 4096

    init(password: String, by hash: HashFunction) {
        let salt = HashFunction.random(16)
        self.init(
            saltedPassword: hash.derivedKey(
                password: Array(password.utf8), salt: salt, iterations: Self.defaultIterations),
            salt: salt, iterations: Self.defaultIterations, by: hash)
    }

    init(saltedPassword: [UInt8], salt: [UInt8], iterations: Int, by hash: HashFunction) {
        self.salt = salt
        self.iterations = iterations
        self.storedKey = hash.hash(hash.authenticationCode(key: saltedPassword, Array("Client Key".utf8)))
        self.serverKey = hash.authenticationCode(key: saltedPassword, Array("Server Key".utf8))
    }
}

extension HashFunction {
    /// Kafka's number of the SCRAM mechanism with this function.
    var scramNumber: Int8 { self == .sha256 ? 1 : 2 }
    var scramName: String { self == .sha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512" }

    init?(scramNumber: Int8) {
        switch scramNumber {
        case 1: self = .sha256
        case 2: self = .sha512
        default: return nil
        }
    }
}
