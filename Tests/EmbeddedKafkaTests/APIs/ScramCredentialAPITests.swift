// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

/// AlterUserScramCredentials and DescribeUserScramCredentials.
@Suite(.timeLimit(.minutes(1))) struct ScramCredentialAPITests {
    private typealias Upsertion = AlterUserScramCredentialsRequest.ScramCredentialUpsertion

    private static let sha256: Int8 = 1
    private static let sha512: Int8 = 2
    private static let salt = Array("0123456789".utf8)

    private func upsertion(
        _ user: String, _ password: String, mechanism: Int8 = Self.sha256, iterations: Int32 = 4096
    ) -> Upsertion {
        let hash = mechanism == Self.sha512 ? HashFunction.sha512 : .sha256
        var upsertion = Upsertion()
        upsertion.name = user
        upsertion.mechanism = mechanism
        upsertion.iterations = iterations
        upsertion.salt = Bytes(Self.salt)
        upsertion.saltedPassword = Bytes(
            hash.derivedKey(password: Array(password.utf8), salt: Self.salt, iterations: Int(iterations)))
        return upsertion
    }

    private func alter(
        _ upsertions: [Upsertion], deletions: [(String, Int8)] = [], _ client: RawClient
    ) async throws -> [String: ErrorCode] {
        var request = AlterUserScramCredentialsRequest()
        request.upsertions = upsertions
        request.deletions = deletions.map { user, mechanism in
            var deletion = AlterUserScramCredentialsRequest.ScramCredentialDeletion()
            deletion.name = user
            deletion.mechanism = mechanism
            return deletion
        }
        let results = try await client.ask(request, version: 0).results
        return Dictionary(uniqueKeysWithValues: results.map { ($0.user, $0.errorCode) })
    }

    private func describe(_ users: [String]? = nil, _ client: RawClient) async throws -> [String] {
        var request = DescribeUserScramCredentialsRequest()
        request.users = users.map { names in
            names.map { name in
                var user = DescribeUserScramCredentialsRequest.UserName()
                user.name = name
                return user
            }
        }
        return try await client.ask(request, version: 0).results.map { result in
            let infos = result.credentialInfos.map { " \($0.mechanism):\($0.iterations)" }.joined()
            return "\(result.user)\(infos)\(result.errorCode == .none ? "" : " \(result.errorCode)")"
        }
    }

    /// Returns whether the user can log in by SCRAM.
    private func canLogIn(_ user: String, _ password: String, _ mechanism: Int8, _ kafka: EmbeddedKafka) async throws
        -> Bool
    {
        let hash = mechanism == Self.sha512 ? HashFunction.sha512 : .sha256
        let client = try await RawClient.connect(to: kafka.bootstrapServers(of: "SASL")[0])
        defer { client.close() }
        var handshake = SaslHandshakeRequest()
        handshake.mechanism = mechanism == Self.sha512 ? "SCRAM-SHA-512" : "SCRAM-SHA-256"
        #expect(try await client.ask(handshake, version: 1).errorCode == .none)
        var message = SaslAuthenticateRequest()
        message.authBytes = Bytes("n,,n=\(user),r=abc")
        let first = try await client.ask(message, version: 2)
        guard first.errorCode == .none else { return false }
        let challenge = String(decoding: first.authBytes, as: UTF8.self)
        let parts = challenge.split(separator: ",").map { $0.dropFirst(2) }
        let salt = try #require(Base64.decode(String(parts[1])))
        let salted = hash.derivedKey(
            password: Array(password.utf8), salt: salt, iterations: try #require(Int(parts[2])))
        let key = hash.authenticationCode(key: salted, Array("Client Key".utf8))
        let withoutProof = "c=biws,r=\(parts[0])"
        let signed = Array("n=\(user),r=abc,\(challenge),\(withoutProof)".utf8)
        let signature = hash.authenticationCode(key: hash.hash(key), signed)
        message.authBytes = Bytes("\(withoutProof),p=\(Base64.encode(zip(key, signature).map { $0 ^ $1 }))")
        return try await client.ask(message, version: 2).errorCode == .none
    }

    private func withUsers(_ body: (EmbeddedKafka, RawClient) async throws -> Void) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "alice-secret"]
        configuration.listeners = [
            EmbeddedKafka.Listener("SASL", mechanisms: [.plain, .scramSHA256, .scramSHA512])
        ]
        try await withCluster(configuration, body)
    }

    @Test func aUserWithACredentialCanLogInByItsMechanism() async throws {
        try await self.withUsers { kafka, client in
            let couldBefore = try await self.canLogIn("bob", "bob-secret", Self.sha256, kafka)
            #expect(!couldBefore)
            let bob = self.upsertion("bob", "bob-secret", iterations: 8192)
            #expect(try await self.alter([bob], client) == ["bob": .none])
            #expect(try await self.canLogIn("bob", "bob-secret", Self.sha256, kafka))
            #expect(try await !self.canLogIn("bob", "wrong", Self.sha256, kafka))
            #expect(try await !self.canLogIn("bob", "bob-secret", Self.sha512, kafka))
            let both = [self.upsertion("bob", "other"), self.upsertion("bob", "third", mechanism: Self.sha512)]
            #expect(try await self.alter(both, client) == ["bob": .none])
            #expect(try await !self.canLogIn("bob", "bob-secret", Self.sha256, kafka))
            #expect(try await self.canLogIn("bob", "third", Self.sha512, kafka))
            #expect(try await self.describe(nil, client) == ["alice 1:4096 2:4096", "bob 1:4096 2:4096"])
        }
    }

    @Test func aDeletedCredentialIsGone() async throws {
        try await self.withUsers { kafka, client in
            let couldBefore = try await self.canLogIn("alice", "alice-secret", Self.sha256, kafka)
            #expect(couldBefore)
            #expect(try await self.alter([], deletions: [("alice", Self.sha256)], client) == ["alice": .none])
            #expect(try await !self.canLogIn("alice", "alice-secret", Self.sha256, kafka))
            #expect(try await self.canLogIn("alice", "alice-secret", Self.sha512, kafka))
            #expect(try await self.describe(["alice"], client) == ["alice 2:4096"])
            #expect(
                try await self.alter([], deletions: [("alice", Self.sha256)], client) == ["alice": .resourceNotFound])
        }
    }

    @Test func invalidChangesOfAUserAreRefusedTogether() async throws {
        try await self.withUsers { _, client in
            let codes = try await self.alter(
                [
                    self.upsertion("few", "p", iterations: 4095), self.upsertion("many", "p", iterations: 16_385),
                    self.upsertion("", "p"), self.upsertion("twice", "p"), self.upsertion("twice", "q"),
                    self.upsertion("unknown", "p", mechanism: 3), self.upsertion("half", "p"),
                    self.upsertion("half", "p", mechanism: 7), self.upsertion("good", "p"),
                ], deletions: [("missing", Self.sha256)], client)
            #expect(
                codes == [
                    "few": .unacceptableCredential, "many": .unacceptableCredential, "": .unacceptableCredential,
                    "twice": .duplicateResource, "unknown": .unsupportedSaslMechanism,
                    "half": .unsupportedSaslMechanism, "good": .none, "missing": .resourceNotFound,
                ])
            #expect(try await self.describe(nil, client) == ["alice 1:4096 2:4096", "good 1:4096"])
            #expect(
                try await self.describe(["half", "good", "good"], client) == [
                    "good \(ErrorCode.duplicateResource)", "half \(ErrorCode.resourceNotFound)",
                ])
        }
    }
}
