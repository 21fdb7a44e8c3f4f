// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import EmbeddedKafka

/// The requests that a listener with SASL accepts.
@Suite(.timeLimit(.minutes(1)))
struct AuthenticationTests {
    private static let name = "SASL"

    private static func configuration(_ mechanisms: [EmbeddedKafka.Mechanism]) -> EmbeddedKafka.Configuration {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "alice-secret", "bob": "bob-secret"]
        configuration.checkToken = { token, extensions in
            token == "good"
                ? .accepted(user: extensions["user"] ?? "alice", lifetime: .seconds(600))
                : .refused(status: "invalid_token")
        }
        configuration.listeners = [EmbeddedKafka.Listener(Self.name, mechanisms: mechanisms)]
        return configuration
    }

    private func withSASL(
        _ mechanisms: [EmbeddedKafka.Mechanism] = [.plain],
        _ change: (inout EmbeddedKafka.Configuration) -> Void = { _ in },
        _ body: (EmbeddedKafka, RawClient) async throws -> Void
    ) async throws {
        var configuration = Self.configuration(mechanisms)
        change(&configuration)
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            let client = try await RawClient.connect(to: kafka.bootstrapServers(of: Self.name)[0])
            defer { client.close() }
            try await body(kafka, client)
        }
    }

    private func handshake(_ client: RawClient, _ mechanism: String, version: Int16 = 1) async throws
        -> SaslHandshakeResponse
    {
        var request = SaslHandshakeRequest()
        request.mechanism = mechanism
        return try await client.ask(request, version: version)
    }

    private func authenticate(
        _ client: RawClient, _ message: String, version: Int16 = 2
    ) async throws -> SaslAuthenticateResponse {
        var request = SaslAuthenticateRequest()
        request.authBytes = Bytes(message)
        return try await client.ask(request, version: version)
    }

    private func isLoggedIn(_ client: RawClient) async -> Bool {
        (try? await client.ask(MetadataRequest(), version: 12)) != nil
    }

    @Test(arguments: [0, 1, 2] as [Int16])
    func onlyApiVersionsIsAnsweredBeforeALogin(version: Int16) async throws {
        try await self.withSASL { kafka, client in
            _ = try await client.ask(ApiVersionsRequest(), version: 0)
            let agreed = try await self.handshake(client, "PLAIN")
            #expect(agreed.errorCode == .none && agreed.mechanisms == ["PLAIN"])
            let answer = try await self.authenticate(client, "\0alice\0alice-secret", version: version)
            #expect(answer.errorCode == .none && answer.sessionLifetimeMs == 0)
            #expect(await self.isLoggedIn(client))

            let stranger = try await RawClient.connect(to: kafka.bootstrapServers(of: Self.name)[0])
            defer { stranger.close() }
            #expect(await !self.isLoggedIn(stranger))
        }
    }

    @Test func afterSaslHandshakeV0TheMechanismsMessagesAreSentRaw() async throws {
        try await self.withSASL { kafka, client in
            _ = try await self.handshake(client, "PLAIN", version: 0)
            client.sendFrame([Bytes("\0alice\0alice-secret")])
            #expect(await client.nextFrame() == Bytes())
            #expect(await self.isLoggedIn(client))

            let wrong = try await RawClient.connect(to: kafka.bootstrapServers(of: Self.name)[0])
            defer { wrong.close() }
            _ = try await self.handshake(wrong, "PLAIN", version: 0)
            wrong.sendFrame([Bytes("\0alice\0no")])
            #expect(await wrong.nextFrame() == nil)
        }
    }

    @Test(arguments: ["\0alice\0wrong", "\0nobody\0x", "bob\0alice\0alice-secret", ""])
    func aRefusalIsAnsweredAndEndsTheConnection(message: String) async throws {
        try await self.withSASL { _, client in
            _ = try await self.handshake(client, "PLAIN")
            let answer = try await self.authenticate(client, message)
            #expect(answer.errorCode == .saslAuthenticationFailed)
            #expect(answer.errorMessage?.contains("PLAIN") == true)
            #expect(await client.nextFrame() == nil)
        }
    }

    @Test func anUnsupportedMechanismIsAnsweredWithTheSupportedOnes() async throws {
        try await self.withSASL([.scramSHA256, .oauthBearer]) { _, client in
            let answer = try await self.handshake(client, "PLAIN")
            #expect(answer.errorCode == .unsupportedSaslMechanism)
            #expect(answer.mechanisms == ["SCRAM-SHA-256", "OAUTHBEARER"])
            #expect(await client.nextFrame() == nil)
        }
    }

    @Test func aListenerWithoutSASLRefusesTheHandshake() async throws {
        try await withCluster(Self.configuration([.plain])) { _, client in
            let answer = try await self.handshake(client, "PLAIN")
            #expect(answer.errorCode == .illegalSaslState && answer.mechanisms.isEmpty)
            #expect(await self.isLoggedIn(client))
        }
    }

    @Test func aRefusedTokenIsAnsweredInJSONAndTheConnectionEndsAfterTheClientsReply() async throws {
        try await self.withSASL([.oauthBearer]) { _, client in
            _ = try await self.handshake(client, "OAUTHBEARER")
            let reason = try await self.authenticate(client, "n,,\u{1}auth=Bearer bad\u{1}\u{1}")
            #expect(reason.errorCode == .none)
            #expect(reason.authBytes == Bytes(#"{"status":"invalid_token"}"#))
            let end = try await self.authenticate(client, "\u{1}")
            #expect(end.errorCode == .saslAuthenticationFailed)
            #expect(await client.nextFrame() == nil)
        }
    }

    @Test func aSessionLastsAsLongAsTheTokenAndTheLimitAllowAndIsRenewedByTheSameUserOnly() async throws {
        try await self.withSASL([.oauthBearer, .plain]) {
            $0.maxSession = .seconds(3600)
        } _: { _, client in
            _ = try await self.handshake(client, "OAUTHBEARER")
            let start = ContinuousClock.now
            let answer = try await self.authenticate(client, "n,,\u{1}auth=Bearer good\u{1}\u{1}")
            #expect(answer.sessionLifetimeMs == 600_000)
            // Too early for another login; the connection stays open.
            let another = try await self.handshake(client, "OAUTHBEARER").errorCode
            guard another == .illegalSaslState else {
                // Unless this machine was stalled for so long that the time has come.
                #expect(another == .none && ContinuousClock.now - start > .milliseconds(900))
                return
            }
            #expect(await self.isLoggedIn(client))
        }
    }

    @Test func reauthenticationRequiresTheSameUserAndMechanism() throws {
        let credentials = try UserCredentials(Self.configuration([.plain, .oauthBearer]))
        func loggedIn() -> Authentication {
            var authentication = Authentication(mechanisms: [.plain, .oauthBearer], maxSession: 5000)
            #expect(authentication.begin("PLAIN", isRaw: false, credentials: credentials, now: 0) == .none)
            guard case .done(_, 5000) = authentication.step(Bytes("\0alice\0alice-secret"), now: 0, time: 0) else {
                Issue.record("not logged in")
                return authentication
            }
            return authentication
        }
        func isRefused(_ step: Authentication.Step?) -> Bool {
            if case .refused = step { true } else { false }
        }
        var authentication = loggedIn()
        #expect(authentication.permits(.metadata, now: 5000))
        #expect(!authentication.permits(.metadata, now: 5001), "the session is over")
        #expect(authentication.permits(.saslHandshake, now: 5001))
        #expect(authentication.begin("PLAIN", isRaw: false, credentials: credentials, now: 999) == .illegalSaslState)
        #expect(authentication.begin("PLAIN", isRaw: false, credentials: credentials, now: 4000) == .none)
        #expect(!authentication.permits(.metadata, now: 4000), "in the middle of a login")
        guard case .done(_, 5000) = authentication.step(Bytes("\0alice\0alice-secret"), now: 4000, time: 0) else {
            Issue.record("not logged in again")
            return
        }
        #expect(authentication.permits(.metadata, now: 9000))

        authentication = loggedIn()
        #expect(authentication.begin("PLAIN", isRaw: false, credentials: credentials, now: 4000) == .none)
        #expect(isRefused(authentication.step(Bytes("\0bob\0bob-secret"), now: 4000, time: 0)))
        authentication = loggedIn()
        #expect(authentication.begin("OAUTHBEARER", isRaw: false, credentials: credentials, now: 4000) == .none)
        let token = Bytes("n,,\u{1}auth=Bearer good\u{1}\u{1}")
        #expect(isRefused(authentication.step(token, now: 4000, time: 0)))
    }

    @Test func aChangedPasswordAppliesToTheNextLogin() async throws {
        try await self.withSASL { kafka, client in
            try await kafka.setPassword("new-secret", of: "alice")
            _ = try await self.handshake(client, "PLAIN")
            #expect(try await self.authenticate(client, "\0alice\0new-secret").errorCode == .none)
            try await kafka.setPassword(nil, of: "alice")
            #expect(await self.isLoggedIn(client))
        }
    }

    @Test(
        arguments: [
            "", "n,,", "n,,n=alice", "p=tls-unique,,n=alice,r=abc", "n,a=bob,n=alice,r=abc", "n,,n=nobody,r=abc",
            "n,,n=alice,r=",
            "n,,n=alice,r=abc,tokenauth=true",
        ])
    func malformedSCRAMMessagesAreRefused(message: String) throws {
        var server = ScramServer(hash: .sha256, credentials: try UserCredentials(Self.configuration([])))
        guard case .refused = server.respond(to: Bytes(message), at: 0) else {
            Issue.record("not refused: \(message)")
            return
        }
    }

    @Test(
        arguments: [
            "c=biws,r=abcserver", "c=biws,r=abcother,p=AAAA", "c=biws,r=abcserver,p=AAAA",
            "c=biws,r=abcserver,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "c=cD10bHM=,r=abcserver,p=AAAA", "",
        ])
    func aSCRAMLoginWithAWrongNonceOrProofIsRefused(message: String) throws {
        var server = ScramServer(
            hash: .sha256, credentials: try UserCredentials(Self.configuration([])), nonce: "server")
        guard case .challenge = server.respond(to: Bytes("n,,n=alice,r=abc"), at: 0),
            case .refused = server.respond(to: Bytes(message), at: 0)
        else {
            Issue.record("not refused: \(message)")
            return
        }
    }

    @Test func anUnknownListenerHasNoAddresses() async throws {
        try await withCluster(Self.configuration([.plain])) { kafka, _ in
            #expect(kafka.bootstrapServers(of: Self.name).count == 1)
            #expect(kafka.bootstrapServers(of: "SSAL").isEmpty)
        }
    }

    @Test func anInvalidListenerIsRefusedWithTheReason() async throws {
        func problem(_ listeners: [EmbeddedKafka.Listener]) async -> String? {
            var configuration = EmbeddedKafka.Configuration()
            configuration.listeners = listeners
            let error = await #expect(throws: EmbeddedKafkaError.self) { try await EmbeddedKafka.start(configuration) }
            return error?.description
        }
        #expect(await problem([.init("PLAINTEXT")])?.contains("a name of its own") == true)
        #expect(await problem([.init("A"), .init("A")])?.contains("a name of its own") == true)
        #expect(await problem([.init("A", mechanisms: [.oauthBearer])])?.contains("checkToken") == true)
        let tls = EmbeddedKafka.TLS(chain: Bytes("no"), key: Bytes("no"))
        #expect(await problem([.init("A", tls: tls)])?.contains("certificate") == true)
    }
}
