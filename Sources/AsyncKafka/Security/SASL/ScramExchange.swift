// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// The client's side of SCRAM (RFC 5802), without channel binding. Pure: the nonce is an argument.
struct ScramExchange: SASLExchange {
    private enum Step {
        case beginning
        case first
        case final(serverSignature: [UInt8])
        case over
    }

    let hash: HashFunction
    let credentials: SASLCredentials
    /// Whether the credentials are those of a delegation token.
    let isToken: Bool
    let nonce: String
    let saltedPasswords: SaltedPasswordCache
    private var step = Step.beginning

    /// RFC 5802 and Kafka's brokers require at least 4096 iterations. The upper limit prevents a malicious broker from
    /// exhausting the CPU.
    static let iterations = 4096...1_000_000
    /// Far above the size of a nonce, a salt and a signature. The parsed parts take more memory than the message.
    private static let messageLimit = 16 << 10
    /// No channel binding, no authorization id.
    private static let header = "n,,"

    init(
        hash: HashFunction, credentials: SASLCredentials, isToken: Bool = false, nonce: String,
        saltedPasswords: SaltedPasswordCache = SaltedPasswordCache()
    ) {
        self.hash = hash
        self.credentials = credentials
        self.isToken = isToken
        self.nonce = nonce
        self.saltedPasswords = saltedPasswords
    }

    var secrets: [String]? { [self.credentials.password.text] }

    mutating func respond(to challenge: Bytes?) throws -> SASLResponse {
        switch self.step {
        case .beginning:
            guard !self.credentials.username.isEmpty else {
                throw KafkaError.authenticationFailed("The user name is empty.")
            }
            self.step = .first
            return .send(Bytes(Self.header + self.firstMessage))
        case .first:
            return try self.finalMessage(Self.attributes(challenge))
        case .final(let signature):
            try self.check(Self.attributes(challenge), signature)
            self.step = .over
            return .done
        case .over:
            return .done
        }
    }

    /// The client's first message without its header. Commas and equals signs in the name are escaped.
    private var firstMessage: String {
        var name = ""
        for character in self.credentials.username.unicodeScalars {
            switch character {
            case ",": name += "=2C"
            case "=": name += "=3D"
            default: name.unicodeScalars.append(character)
            }
        }
        return "n=\(name),r=\(self.nonce)\(self.isToken ? ",tokenauth=true" : "")"
    }

    private mutating func finalMessage(_ server: (text: String, values: [Character: Substring])) throws -> SASLResponse
    {
        if let error = server.values["e"] { throw Self.refusal(error) }
        guard let nonce = server.values["r"], let salt = server.values["s"].flatMap({ Base64.decode($0) }),
            let iterations = server.values["i"].flatMap({ Int($0) }), server.values["m"] == nil
        else { throw KafkaError.authenticationFailed("The broker's SCRAM challenge can't be understood.") }
        guard nonce.hasPrefix(self.nonce), nonce.utf8.count > self.nonce.utf8.count else {
            throw KafkaError.authenticationFailed(
                "The broker's SCRAM nonce does not continue this client's: somebody may be in between.")
        }
        guard Self.iterations.contains(iterations) else {
            throw KafkaError.authenticationFailed(
                """
                The broker asks for \(iterations) SCRAM iterations; \(Self.iterations.lowerBound) to \
                \(Self.iterations.upperBound) are accepted. Set the user's password on the broker with another number.
                """)
        }
        let salted = self.saltedPasswords.salted(
            SaltedPasswordCache.Key(
                password: Array(self.credentials.password.text.utf8), salt: salt, iterations: iterations),
            by: self.hash)
        let clientKey = self.hash.authenticationCode(key: salted, Array("Client Key".utf8))
        let serverKey = self.hash.authenticationCode(key: salted, Array("Server Key".utf8))
        let withoutProof = "c=\(Base64.encode(Array(Self.header.utf8))),r=\(nonce)"
        let message = Array("\(self.firstMessage),\(server.text),\(withoutProof)".utf8)
        let clientSignature = self.hash.authenticationCode(key: self.hash.hash(clientKey), message)
        let proof = zip(clientKey, clientSignature).map { $0 ^ $1 }
        self.step = .final(serverSignature: self.hash.authenticationCode(key: serverKey, message))
        return .send(Bytes("\(withoutProof),p=\(Base64.encode(proof))"))
    }

    private func check(_ server: (text: String, values: [Character: Substring]), _ signature: [UInt8]) throws {
        if let error = server.values["e"] { throw Self.refusal(error) }
        guard let verifier = server.values["v"].flatMap({ Base64.decode($0) }),
            HashFunction.areEqual(verifier, signature)
        else {
            throw KafkaError.authenticationFailed(
                "The broker could not prove that it knows the password: it is not the one it claims to be.")
        }
    }

    private static func refusal(_ error: Substring) -> KafkaError {
        .authenticationFailed("The broker refused: \(KafkaError.quoted(String(error))).")
    }

    /// Splits `r=…,s=…,i=…` into its attributes.
    private static func attributes(_ challenge: Bytes?) throws -> (text: String, values: [Character: Substring]) {
        let challenge = challenge ?? Bytes()
        guard challenge.count <= Self.messageLimit else {
            throw KafkaError.authenticationFailed("The broker's SCRAM message is too long: \(challenge.count) bytes.")
        }
        let text = String(decoding: challenge, as: UTF8.self)
        var values: [Character: Substring] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard part.count >= 2, part.dropFirst().first == "=", let name = part.first else {
                throw KafkaError.authenticationFailed("The broker's SCRAM message can't be understood.")
            }
            values[name] = part.dropFirst(2)
        }
        return (text, values)
    }
}
