// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Warnings about authentications that fail for a reason that may pass.
@Suite(.timeLimit(.minutes(1)))
struct AuthenticationWarningTests {
    private struct Never: OAuthBearerTokenProvider {
        func token() async throws -> OAuthBearerToken {
            for await _ in AsyncStream(Swift.Never.self, { _ in }) {}
            throw CancellationError()
        }
    }

    private func withKafka(_ body: (KafkaClientConfiguration, KeptLog) async throws -> Void) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "secret"]
        configuration.checkToken = { _, _ in .accepted(user: "alice", lifetime: .seconds(600)) }
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain, .oauthBearer])]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            let log = KeptLog(minimum: .trace)
            var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers(of: "SASL"))
            client.log = log
            try await body(client, log)
        }
    }

    private func open(_ client: KafkaClientConfiguration) async throws -> KafkaError? {
        let logger = Logger(client.log)
        let security = try ConnectionSecurity(client.security, logger: logger)
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let server = try #require(KafkaServer(client.bootstrapServers[0]))
        return await #expect(throws: KafkaError.self) {
            _ = try await BrokerConnection.open(
                to: Broker(id: nil, host: server.host, port: server.port), configuration: client,
                security: security, loop: loop, logger: logger
            ) { _, _ in }
        }
    }

    @Test(arguments: [true, false])
    func aHangingProviderIsReportedAtItsFirstTimeoutEvenIfTheConnectionHasNoMoreTime(isCached: Bool) async throws {
        try await self.withKafka { client, log in
            var client = client
            // As with the defaults, where both are 10 s.
            client.connectionSetupTimeout = .milliseconds(800)
            client.security =
                isCached
                ? .sasl(
                    .oauthBearer(CachingTokenProvider(Never()), tokenTimeout: .milliseconds(800)), over: .plaintext)
                : .sasl(.oauthBearer(Never(), tokenTimeout: .milliseconds(800)), over: .plaintext)
            let error = try await self.open(client)
            #expect(error?.code == .authenticationTimeout)
            #expect(error?.isRetriable == true)
            #expect(error?.message.contains("connectionSetupTimeout") == true, "\(String(describing: error))")
            #expect(error?.message.contains("The token provider did not answer") == true)
            let warnings = log.lines(.warning).filter { $0.contains("The token provider did not answer") }
            #expect(warnings.count == 1, "\(log.events)")
        }
    }

    @Test func hangingCredentialsOfAnotherMechanismAreReportedToo() async throws {
        try await self.withKafka { client, log in
            var client = client
            client.connectionSetupTimeout = .milliseconds(500)
            let mechanism = PlainMechanism.plain(credentials: {
                for await _ in AsyncStream(Swift.Never.self, { _ in }) {}
                throw CancellationError()
            })
            client.security = .sasl(mechanism, over: .plaintext)
            let error = try await self.open(client)
            #expect(error?.code == .authenticationTimeout)
            #expect(error?.message.contains("connectionSetupTimeout") == true, "\(String(describing: error))")
            let sentence = "The source of the credentials for PLAIN did not answer"
            #expect(log.lines(.warning).count { $0.contains(sentence) } == 1)
        }
    }

    @Test func missingTokensAreReportedOnceAndSoIsTheRecovery() async throws {
        struct Down: Error {}
        final class Provider: OAuthBearerTokenProvider {
            let calls = Lock(0)

            func token() throws -> OAuthBearerToken {
                let call = self.calls.withLock { calls in
                    calls += 1
                    return calls
                }
                guard call > 10 else { throw Down() }
                return OAuthBearerToken("token", lifetime: .seconds(600))
            }
        }
        try await self.withKafka { client, log in
            var client = client
            client.reconnectBackoff = .milliseconds(5)
            client.reconnectBackoffMax = .milliseconds(20)
            client.retryBackoff = .milliseconds(5)
            client.retryBackoffMax = .milliseconds(20)
            client.security = .sasl(.oauthBearer(Provider()), over: .plaintext)
            let writing = ProducerConfiguration(client)
            try await KafkaProducer.withProducer(writing) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
            }
            let warnings = log.lines(.warning).filter { $0.hasPrefix("An authentication failed") }
            #expect(warnings.count == 1, "\(warnings)")
            #expect(warnings.first?.contains("The token provider failed") == true)
            #expect(log.lines(.info).count { $0.hasPrefix("Authenticated, after attempts that failed") } == 1)
        }
    }
}
