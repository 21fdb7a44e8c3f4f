// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import Foundation
import KafkaMemory
import KafkaTransport
import Testing

/// Certificates, passwords and tokens that change while clients run: established connections continue, refused ones get
/// the reason, and traffic resumes by itself when the fault is resolved.
@Suite(.timeLimit(.minutes(1)))
struct ChangesInMidLifeTests {
    private static let listener = "SECURE"

    private func client(_ kafka: EmbeddedKafka, _ security: KafkaSecurity) -> ProducerConfiguration {
        var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers(of: Self.listener))
        client.security = security
        client.log = SilentLog()
        client.reconnectBackoff = .milliseconds(10)
        client.reconnectBackoffMax = .milliseconds(50)
        client.requestTimeout = .seconds(8)
        client.apiTimeout = .seconds(8)
        var producing = ProducerConfiguration(client)
        producing.deliveryTimeout = .seconds(10)
        producing.linger = .zero
        return producing
    }

    private func send(_ producer: KafkaProducer) async throws {
        _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
    }

    /// Sends until it fails, and returns the error.
    private func failure(_ producer: KafkaProducer) async -> KafkaError? {
        do {
            while true { try await self.send(producer) }
        } catch {
            return error as? KafkaError
        }
    }

    /// Sends until it succeeds. The suite's time limit ends it otherwise.
    private func resume(_ producer: KafkaProducer) async {
        while (try? await self.send(producer)) == nil {}
    }

    @Test func aBrokerWithAnotherAuthorityIsRefusedUntilThatAuthorityIsTrusted() async throws {
        let (old, new) = (try EmbeddedKafka.Authority(), try EmbeddedKafka.Authority())
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("trust-\(UUID().uuidString).pem")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(old.certificate).write(to: file)
        var configuration = EmbeddedKafka.Configuration()
        configuration.listeners = [EmbeddedKafka.Listener(Self.listener, tls: try old.tls())]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            let security = KafkaSecurity.tls(KafkaTLSConfiguration(trust: .pemFile(file.path)))
            try await KafkaProducer.withProducer(self.client(kafka, security)) { producer in
                try await self.send(producer)
                try await kafka.setTLS(new.tls(), of: Self.listener)
                try await self.send(producer)
                try await kafka.closeConnections()
                let error = await self.failure(producer)
                #expect(error?.code == .tlsFailed, "\(String(describing: error))")
                #expect(error?.message.contains("authority") == true)

                try Data(new.certificate).write(to: file, options: .atomic)
                await self.resume(producer)
            }
        }
    }

    @Test func anExpiredCertificateEndsNoConnectionAndPreventsNewOnesUntilItIsRenewed() async throws {
        let authority = try CertificateAuthority()
        func certificate(validFor seconds: Int) throws -> EmbeddedKafka.TLS {
            let issued = try authority.issue(validity: -3600...seconds)
            return EmbeddedKafka.TLS(chain: issued.chain, key: issued.key)
        }
        var configuration = EmbeddedKafka.Configuration()
        configuration.listeners = [EmbeddedKafka.Listener(Self.listener, tls: try certificate(validFor: 3600))]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            let security = KafkaSecurity.tls(KafkaTLSConfiguration(trust: .pem(authority.certificate)))
            try await KafkaProducer.withProducer(self.client(kafka, security)) { producer in
                try await self.send(producer)
                try await kafka.setTLS(certificate(validFor: -1), of: Self.listener)
                try await self.send(producer)
                try await kafka.closeConnections()
                let error = await self.failure(producer)
                #expect(error?.code == .tlsFailed, "\(String(describing: error))")
                #expect(error?.message.contains("expired") == true)

                try await kafka.setTLS(certificate(validFor: 3600), of: Self.listener)
                await self.resume(producer)
            }
        }
    }

    @Test func aChangedPasswordEndsOnlyTheSessionsOfClientsThatDoNotKnowIt() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "first", "bob": "bob-secret"]
        configuration.maxSession = .milliseconds(1200)
        configuration.listeners = [EmbeddedKafka.Listener(Self.listener, mechanisms: [.scramSHA256])]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            let password = Lock("first")
            let credentials: @Sendable () async throws -> SASLCredentials = {
                SASLCredentials(username: "alice", password: Secret(password.withLock { $0 }))
            }
            let alice = self.client(kafka, .sasl(.scramSHA256(credentials: credentials), over: .plaintext))
            let bob = self.client(kafka, .sasl(.scramSHA256(username: "bob", password: "bob-secret"), over: .plaintext))
            try await KafkaProducer.withProducer(bob) { other in
                try await self.send(other)
                try await KafkaProducer.withProducer(alice) { producer in
                    try await self.send(producer)
                    try await kafka.setPassword("second", of: "alice")
                    let error = await self.failure(producer)
                    #expect(error?.code == .authenticationFailed, "\(String(describing: error))")
                    try await self.send(other)

                    password.withLock { $0 = "second" }
                    await self.resume(producer)
                    // Several sessions later, both continue.
                    try await self.send(producer)
                    try await self.send(other)
                }
            }
        }
    }

    @Test func aRevokedTokenEndsTheSessionAtItsRenewalWithTheBrokersReason() async throws {
        let revoked = Lock<Set<String>>([])
        var configuration = EmbeddedKafka.Configuration()
        configuration.maxSession = .milliseconds(1200)
        configuration.listeners = [EmbeddedKafka.Listener(Self.listener, mechanisms: [.oauthBearer])]
        configuration.checkToken = { token, _ in
            revoked.withLock { $0.contains(token) }
                ? .refused(status: "token_revoked") : .accepted(user: "alice", lifetime: .seconds(600))
        }
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            let tokens = ReplaceableToken()
            let security = KafkaSecurity.sasl(.oauthBearer(tokens), over: .plaintext)
            try await KafkaProducer.withProducer(self.client(kafka, security)) { producer in
                try await self.send(producer)
                _ = revoked.withLock { $0.insert("token-1") }
                let error = await self.failure(producer)
                #expect(error?.code == .authenticationFailed, "\(String(describing: error))")
                #expect(error?.description.contains("token_revoked") == true)
                #expect(error?.description.contains("token-1") == false)

                tokens.replace(by: "token-2")
                await self.resume(producer)
            }
        }
    }
}

private final class ReplaceableToken: OAuthBearerTokenProvider {
    private let current = Lock("token-1")

    func replace(by token: String) { self.current.withLock { $0 = token } }

    func token() -> OAuthBearerToken {
        OAuthBearerToken(Secret(self.current.withLock { $0 }), lifetime: .seconds(600))
    }
}
