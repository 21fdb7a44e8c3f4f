// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The broker's side of SASL as it should be, one exchange at a time: for the user "alice" with the password "secret", and the
/// token "token".
final class ScriptedAuthentication: Sendable {
    private struct Exchange {
        var mechanism = ""
        var clientFirst = ""
        var serverFirst = ""
    }

    private let exchange = Lock(Exchange())
    static let mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]

    /// The answer to SaslHandshake and to what follows it.
    func reply(to request: ScriptedBroker.Received) throws -> ScriptedBroker.Reply {
        if request.api == .saslHandshake {
            var reader = ByteReader(request.rest)
            let name = try SaslHandshakeRequest(from: &reader, version: request.version).mechanism
            self.exchange.withLock { $0 = Exchange(mechanism: name) }
            var response = SaslHandshakeResponse()
            response.mechanisms = Self.mechanisms
            if !Self.mechanisms.contains(name) { response.errorCode = .unsupportedSaslMechanism }
            return .body(try Bytes(response, version: request.version))
        }
        guard request.version >= 0 else {
            guard let (token, isLast) = self.answer(request.rest) else { return .close }
            return .token(token, isLast: isLast)
        }
        // From version 2 on there are tags behind both headers: none.
        let isFlexible = request.version >= 2
        var reader = ByteReader(isFlexible ? request.rest[1..<request.rest.count] : request.rest)
        let token = try SaslAuthenticateRequest(from: &reader, version: request.version).authBytes
        var response = SaslAuthenticateResponse()
        if let (answer, _) = self.answer(token) {
            response.authBytes = answer
        } else {
            response.errorCode = .saslAuthenticationFailed
            response.errorMessage = "not with these credentials"
        }
        return .body(Bytes((isFlexible ? [0] : []) + Array(try Bytes(response, version: request.version))))
    }

    private func answer(_ token: Bytes) -> (token: Bytes, isLast: Bool)? {
        self.exchange.withLock { exchange in
            let text = String(decoding: token, as: UTF8.self)
            switch exchange.mechanism {
            case "PLAIN":
                return text == "\0alice\0secret" ? (Bytes(), true) : nil
            case "OAUTHBEARER" where text == "\u{1}":
                return nil
            case "OAUTHBEARER":
                return text.contains("auth=Bearer token\u{1}")
                    ? (Bytes(), true) : (#"{"status":"invalid_token"}"#, false)
            case _ where exchange.clientFirst.isEmpty:
                exchange.clientFirst = String(text.dropFirst(3))
                guard exchange.clientFirst.hasPrefix("n=alice,r=") else { return nil }
                let salt = Base64.encode(Array("salt".utf8))
                exchange.serverFirst = "\(exchange.clientFirst.dropFirst(8))continued,s=\(salt),i=4096"
                return (Bytes(exchange.serverFirst), false)
            default:
                return Self.final(exchange, text).map { ($0, true) }
            }
        }
    }

    /// SCRAM's last message, if the client has proved that it knows the password.
    private static func final(_ exchange: Exchange, _ text: String) -> Bytes? {
        let hash: HashFunction = exchange.mechanism.hasSuffix("256") ? .sha256 : .sha512
        guard let proofStart = text.range(of: ",p=") else { return nil }
        let salted = hash.derivedKey(password: Array("secret".utf8), salt: Array("salt".utf8), iterations: 4096)
        let message = Array("\(exchange.clientFirst),\(exchange.serverFirst),\(text[..<proofStart.lowerBound])".utf8)
        let clientKey = hash.authenticationCode(key: salted, Array("Client Key".utf8))
        let signature = hash.authenticationCode(key: hash.hash(clientKey), message)
        guard Base64.encode(zip(clientKey, signature).map { $0 ^ $1 }) == text[proofStart.upperBound...] else {
            return nil
        }
        let serverKey = hash.authenticationCode(key: salted, Array("Server Key".utf8))
        return Bytes("v=\(Base64.encode(hash.authenticationCode(key: serverKey, message)))")
    }
}
