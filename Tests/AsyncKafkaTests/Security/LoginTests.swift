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
import Testing

/// What callers, brokers and logs learn of a login.
@Suite(.timeLimit(.minutes(1)))
struct LoginTests {
    private static let password: Secret = "open-sesame"
    private static let good: Secret = "good-token-of-alice"

    /// Runs `body` with a broker that alice authenticates to with her password or the token, and the SASL extensions it
    /// received.
    private func withKafka(
        maxSession: Duration? = nil, _ body: (EmbeddedKafka, Lock<[[String: String]]>) async throws -> Void
    ) async throws {
        let extensions = Lock<[[String: String]]>([])
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": Self.password.text]
        configuration.maxSession = maxSession
        configuration.checkToken = { token, shown in
            extensions.withLock { $0.append(shown) }
            return token == Self.good.text
                ? .accepted(user: "alice", lifetime: .seconds(600)) : .refused(status: "invalid_token")
        }
        configuration.listeners = [
            EmbeddedKafka.Listener("SASL", mechanisms: [.plain, .scramSHA256, .scramSHA512, .oauthBearer])
        ]
        try await EmbeddedKafka.withCluster(configuration) { try await body($0, extensions) }
    }

    private func client(
        _ kafka: EmbeddedKafka, _ mechanism: some SASLMechanism, _ log: some KafkaLog = SilentLog()
    ) -> KafkaClientConfiguration {
        var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers(of: "SASL"))
        client.security = .sasl(mechanism, over: .plaintext)
        client.log = log
        return client
    }

    private func send(_ client: KafkaClientConfiguration) async throws {
        try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
            _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
        }
    }

    @Test func theBrokersReasonReachesSendersReadersAndCallers() async throws {
        try await self.withKafka { kafka, _ in
            let client = self.client(kafka, .plain(username: "alice", password: "wrong-sesame"))
            let callers: [@Sendable () async throws -> Void] = [
                { try await self.send(client) },
                {
                    let reading = ConsumerConfiguration(client, groupID: "g")
                    try await KafkaConsumer.withConsumer(reading, subscribedTo: ["t"]) { consumer in
                        for try await _ in consumer.records {}
                    }
                },
                {
                    try await KafkaAdminClient.withAdminClient(client) { _ = try await $0.describeDelegationTokens() }
                },
            ]
            for call in callers {
                let error = await #expect(throws: KafkaError.self) { try await call() }
                #expect(error?.code == .authenticationFailed)
                #expect(
                    error?.message.contains("the credentials are not valid") == true, "\(String(describing: error))")
                #expect(error?.message.contains("PLAIN") == true)
            }
        }
    }

    @Test func aRefusedClientWaitsBeforeItTriesAgain() async throws {
        try await self.withKafka { kafka, _ in
            let attempts = Lock(0)
            let mechanism = PlainMechanism.plain {
                attempts.withLock { $0 += 1 }
                return SASLCredentials(username: "alice", password: "wrong-sesame")
            }
            var client = self.client(kafka, mechanism)
            client.reconnectBackoff = .milliseconds(200)
            client.reconnectBackoffMax = .milliseconds(200)
            try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                let clock = ContinuousClock()
                let start = clock.now
                while attempts.withLock({ $0 }) < 5 {
                    // Many concurrent calls, which share the result of one attempt.
                    await withDiscardingTaskGroup { group in
                        for _ in 0..<10 {
                            group.addTask {
                                await #expect(throws: KafkaError.self) {
                                    _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
                                }
                            }
                        }
                    }
                }
                // Four waits of 200 ms, each at least 80 % of that with jitter.
                #expect(clock.now - start > .milliseconds(600))
            }
        }
    }

    @Test func credentialsFetchedAtEachLoginMayChangeForPlainAndCustomMechanisms() async throws {
        try await self.withKafka { kafka, _ in
            let password = Lock(Self.password)
            let credentials: @Sendable () -> SASLCredentials = {
                SASLCredentials(username: "alice", password: password.withLock { $0 })
            }
            try await KafkaProducer.withProducer(
                ProducerConfiguration(self.client(kafka, .plain(credentials: credentials)))
            ) { plain in
                try await KafkaProducer.withProducer(
                    ProducerConfiguration(self.client(kafka, OwnMechanism(credentials: credentials)))
                ) { own in
                    for producer in [plain, own] {
                        _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
                    }
                    try await kafka.setPassword("another", of: "alice")
                    password.withLock { $0 = "another" }
                    try await kafka.closeConnections()
                    for producer in [plain, own] {
                        _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
                    }
                }
            }
        }
    }

    @Test func mechanismsDoNotRunOnTheSharedLoop() async throws {
        try await self.withKafka { kafka, _ in
            let threads = Lock<Set<String>>([])
            let mechanism = OwnMechanism(credentials: {
                threads.withLock { _ = $0.insert(currentThreadName()) }
                return SASLCredentials(username: "alice", password: Self.password)
            })
            try await self.send(self.client(kafka, mechanism))
            let names = threads.withLock { $0 }
            #expect(!names.isEmpty && !names.contains("kafka-producer"), "\(names)")
        }
    }

    @Test func aProvidersExtensionsReachTheBrokerBesideTheTokensOwnAlsoThroughACache() async throws {
        struct Provider: OAuthBearerTokenProvider {
            func token() -> OAuthBearerToken {
                OAuthBearerToken(LoginTests.good, lifetime: .seconds(600), extensions: ["own": "1", "both": "token"])
            }
            func extensions() -> [String: String] { ["general": "2", "both": "provider"] }
        }
        try await self.withKafka { kafka, shown in
            try await self.send(self.client(kafka, .oauthBearer(Provider())))
            try await self.send(self.client(kafka, .oauthBearer(CachingTokenProvider(Provider()))))
            let all = shown.withLock { $0 }
            #expect(all.count >= 2)
            #expect(all.allSatisfy { $0 == ["own": "1", "general": "2", "both": "token"] }, "\(all)")
        }
    }

    @Test func aHangingProviderIsLoggedAndAskedAgainUntilItAnswers() async throws {
        final class Hanging: OAuthBearerTokenProvider {
            private let calls = Lock(0)

            func token() async throws -> OAuthBearerToken {
                let call = self.calls.withLock { calls in
                    calls += 1
                    return calls
                }
                // Never answers.
                if call < 3 { for await _ in AsyncStream(Never.self, { _ in }) {} }
                return OAuthBearerToken(LoginTests.good, lifetime: .seconds(600))
            }
        }
        try await self.withKafka { kafka, _ in
            let log = KeptLog(minimum: .trace)
            try await self.send(
                self.client(kafka, .oauthBearer(Hanging(), tokenTimeout: .milliseconds(100)), log))
            let told = log.lines.filter { $0.contains("The token provider did not answer within 0.1 seconds") }
            #expect(told.contains { $0.hasPrefix("warning") }, "\(log.lines)")
        }
    }

    @Test func noPasswordAndNoTokenAppearsInALogOrAnError() async throws {
        struct Provider: OAuthBearerTokenProvider {
            var value: Secret
            func token() -> OAuthBearerToken { OAuthBearerToken(self.value, lifetime: .seconds(600)) }
        }
        let log = KeptLog(minimum: .trace)
        let wrong: [Secret] = ["wrong-sesame", "bad-token-of-alice"]
        try await self.withKafka(maxSession: .milliseconds(1100)) { kafka, _ in
            let right = [
                self.client(kafka, .plain(username: "alice", password: Self.password), log),
                self.client(kafka, .scramSHA256(username: "alice", password: Self.password), log),
                self.client(kafka, .oauthBearer(Provider(value: Self.good)), log),
            ]
            for client in right {
                let before = log.lines.count { $0.contains("Authenticated again") }
                try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                    repeat {
                        _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
                    } while log.lines.count { $0.contains("Authenticated again") } == before
                }
            }
            let refused = [
                self.client(kafka, .plain(username: "alice", password: wrong[0]), log),
                self.client(kafka, .scramSHA512(username: "alice", password: wrong[0]), log),
                self.client(kafka, .oauthBearer(Provider(value: wrong[1])), log),
            ]
            for client in refused {
                let error = await #expect(throws: KafkaError.self) { try await self.send(client) }
                for secret in wrong { #expect(!String(reflecting: error).contains(secret.text)) }
                #expect(!String(reflecting: client).contains(Self.password.text))
            }
        }
        #expect(log.lines.count > 20)
        for secret in wrong + [Self.password, Self.good] {
            #expect(!log.lines.contains { $0.contains(secret.text) })
        }
    }
}

/// PLAIN as a custom mechanism.
private struct OwnMechanism: SASLMechanism {
    let name = "PLAIN"
    let credentials: @Sendable () -> SASLCredentials

    func makeExchange(with server: KafkaServer) -> any SASLExchange {
        OwnExchange(credentials: self.credentials)
    }
}

private struct OwnExchange: SASLExchange {
    let credentials: @Sendable () -> SASLCredentials

    func respond(to challenge: Bytes?) -> SASLResponse {
        guard challenge == nil else { return .done }
        let credentials = self.credentials()
        return .send(Bytes("\0\(credentials.username)\0\(credentials.password.text)"))
    }
}

private func currentThreadName() -> String {
    #if os(Linux)
    let name = (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)) ?? ""
    return name.trimmingCharacters(in: .newlines)
    #else
    var name = [CChar](repeating: 0, count: 64)
    pthread_getname_np(pthread_self(), &name, name.count)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    #endif
}
