// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Sessions that end with their tokens or after a short time, and providers that fail: work continues.
@Suite(.timeLimit(.minutes(1)))
struct SessionRenewalTests {
    private let clock = TestClock()

    /// Provides numbered tokens, each with a lifetime that the test specifies.
    private final class NumberedTokens: OAuthBearerTokenProvider {
        private let calls = Lock(0)
        private let clock: TestClock
        private let lifetime: @Sendable (_ call: Int) throws -> Duration

        init(_ clock: TestClock, _ lifetime: @escaping @Sendable (_ call: Int) throws -> Duration) {
            self.clock = clock
            self.lifetime = lifetime
        }

        var count: Int { self.calls.withLock { $0 } }

        func token() throws -> OAuthBearerToken {
            let call = self.calls.withLock { calls in
                calls += 1
                return calls
            }
            let lifetime = try self.lifetime(call)
            let ends = self.clock.wallMilliseconds + Int64(lifetime / .milliseconds(1))
            return OAuthBearerToken(Secret("\(call).\(ends)"), expiresAt: Timestamp(millisecondsSince1970: ends))
        }
    }

    /// The numbers of the tokens shown to brokers, and the client's log.
    private final class Observed: Sendable {
        let log = KeptLog(minimum: .trace)
        private let clock: TestClock
        private let shown = Lock<[Int]>([])

        init(_ clock: TestClock) { self.clock = clock }

        var tokens: [Int] { self.shown.withLock { $0 } }
        var connections: Int { self.log.events.count { $0.message == "Connected" } }
        func count(_ message: String) -> Int { self.log.count(beginning: message) }
        var lines: [String] { self.log.lines }

        /// Accepts a token until it expires.
        func check(_ token: String) -> EmbeddedKafka.TokenVerdict {
            let parts = token.split(separator: ".").compactMap { Int64($0) }
            guard parts.count == 2 else { return .refused(status: "invalid_token") }
            self.shown.withLock { $0.append(Int(parts[0])) }
            let left = parts[1] - self.clock.wallMilliseconds
            guard left > 0 else { return .refused(status: "expired") }
            return .accepted(user: "alice", lifetime: .milliseconds(left))
        }
    }

    /// Runs `body` with a producer that authenticates with these tokens. Sessions are renewed after a fifth of their
    /// lifetime.
    private func withProducer(
        _ provider: some OAuthBearerTokenProvider, maxSession: Duration? = nil,
        renewal: Range<Double> = 0.2..<0.25,
        _ body: @escaping @Sendable (KafkaProducer, Observed) async throws -> Void
    ) async throws {
        let observed = Observed(self.clock)
        var configuration = EmbeddedKafka.Configuration()
        configuration.checkToken = { token, _ in observed.check(token) }
        configuration.maxSession = maxSession
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.oauthBearer])]
        try await self.clock.withCluster(configuration) { kafka in
            var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers(of: "SASL"))
            client.clock = self.clock.loopClock
            let mechanism = OAuthBearerMechanism(provider, clock: self.clock.loopClock)
            client.security = .sasl(mechanism, over: .plaintext)
            client.log = observed.log
            client.sessionRenewal = renewal
            var producing = ProducerConfiguration(client)
            producing.linger = .zero
            try await KafkaProducer.withProducer(producing) { try await body($0, observed) }
        }
    }

    /// Runs `body` with a broker whose sessions are short, and a configuration that authenticates as alice.
    private func withAlice(
        maxSession: Duration = .milliseconds(1200),
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaClientConfiguration) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "secret"]
        configuration.maxSession = maxSession
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
        try await self.clock.withCluster(configuration) { kafka in
            var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers(of: "SASL"))
            client.clock = self.clock.loopClock
            client.security = .sasl(.plain(username: "alice", password: "secret"), over: .plaintext)
            client.log = SilentLog()
            try await body(kafka, client)
        }
    }

    /// Sends a record every 10 ms.
    private func send(_ producer: KafkaProducer, while condition: () -> Bool) async throws {
        repeat {
            _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
            try await self.clock.sleep(for: .milliseconds(10))
        } while condition()
    }

    @Test func sessionsThatEndWithTheirTokensAreRenewedWithNewOnesOnTheSameConnections() async throws {
        let source = NumberedTokens(self.clock) { _ in .seconds(6) }
        try await self.withProducer(CachingTokenProvider(source, clock: self.clock.loopClock)) { producer, observed in
            try await self.send(producer) { source.count < 4 }
            #expect(observed.connections <= 2, "\(observed.lines)")
            #expect(observed.count("A session could not be renewed") == 0, "\(observed.lines)")
            // The same token isn't used repeatedly: each is for one login of each connection.
            let logins = Dictionary(grouping: observed.tokens, by: \.self).mapValues(\.count)
            #expect(logins.values.allSatisfy { $0 <= 2 }, "\(observed.tokens)")
        }
    }

    @Test func whileTheProviderFailsASessionIsRenewedWithTheOldToken() async throws {
        struct Down: Error {}
        let source = NumberedTokens(self.clock) { call in
            if call == 2 { throw Down() }
            return .seconds(6)
        }
        try await self.withProducer(CachingTokenProvider(source, clock: self.clock.loopClock)) { producer, observed in
            try await self.send(producer) { source.count < 4 }
            #expect(observed.connections <= 2, "\(observed.lines)")
            #expect(observed.tokens.count { $0 == 1 } > observed.connections, "\(observed.tokens)")
            #expect(observed.count("A session could not be renewed") == 0, "\(observed.lines)")
        }
    }

    @Test func aRenewalThatSucceedsAfterFailuresReportsTheRecovery() async throws {
        struct Down: Error {}
        // All connections exist by then.
        let source = NumberedTokens(self.clock) { call in
            if (3...4).contains(call) { throw Down() }
            return .seconds(600)
        }
        try await self.withProducer(source, maxSession: .seconds(6)) { producer, observed in
            try await self.send(producer) { source.count < 5 || observed.count("Authenticated again") < 2 }
            #expect(observed.connections <= 2, "\(observed.lines)")
            #expect(observed.count("An authentication failed") == 1, "\(observed.lines)")
            #expect(observed.count("Authenticated, after attempts that failed") == 1, "\(observed.lines)")
        }
    }

    @Test func whileTheProviderHangsSessionsAreRenewedWithTheOldTokenUntilItExpires() async throws {
        struct Hanging: OAuthBearerTokenProvider {
            let source: NumberedTokens

            func token() async throws -> OAuthBearerToken {
                let token = try self.source.token()
                // Never answers.
                if self.source.count == 2 { for await _ in AsyncStream(Never.self, { _ in }) {} }
                return token
            }
        }
        let source = NumberedTokens(self.clock) { _ in .seconds(10) }
        // It hangs for longer than the first renewal can wait.
        let cache = CachingTokenProvider(
            Hanging(source: source), timeout: .seconds(2), clock: self.clock.loopClock)
        try await self.withProducer(cache) { producer, observed in
            try await self.send(producer) { source.count < 4 }
            #expect(observed.connections <= 2, "\(observed.lines)")
            #expect(observed.tokens.count { $0 == 1 } > observed.connections, "\(observed.tokens)")
            #expect(observed.count("A session could not be renewed") == 0, "\(observed.lines)")
        }
    }

    @Test func aSessionOfLessThanASecondIsWaitedOut() async throws {
        let source = NumberedTokens(self.clock) { _ in .seconds(600) }
        let session = Duration.milliseconds(900)
        try await self.withProducer(source, maxSession: session, renewal: 0.1..<0.15) { producer, observed in
            try await self.send(producer) { observed.count("Authenticated again") < 4 }
            // A request sent after the session's end closes the connection. Without the wait, this would happen every
            // second.
            #expect(observed.connections <= 3, "\(observed.lines)")
            #expect(observed.count("A session could not be renewed") == 0, "\(observed.lines)")
        }
    }

    @Test func aTokenThatExpiresBeforeItIsSentIsNotSent() async throws {
        // The tokens of the first login and of other connections are valid; a renewal's token expires early.
        let source = NumberedTokens(self.clock) { $0 == 3 ? .milliseconds(300) : .seconds(600) }
        try await self.withProducer(source, maxSession: .seconds(6)) { producer, observed in
            try await self.send(producer) { observed.count("Authenticated again") < 3 }
            #expect(source.count > 3)
            #expect(!observed.tokens.contains(3), "\(observed.tokens)")
            #expect(observed.count("A session could not be renewed") == 0, "\(observed.lines)")
        }
    }

    enum Fault: CaseIterable {
        case garbage, cut, close, silence
    }

    @Test(arguments: Fault.allCases)
    func aFailedRenewalEndsTheConnectionInTimeAndNothingIsLostOrDoubled(fault: Fault) async throws {
        let observed = Observed(self.clock)
        // Long sessions that are renewed early: if one were lost, its next login would meet the fault.
        try await self.withAlice(maxSession: .seconds(6)) { kafka, client in
            var client = client
            client.log = observed.log
            client.connectionSetupTimeout = .seconds(2)
            client.sessionRenewal = 0.2..<0.25
            var producing = ProducerConfiguration(client)
            producing.linger = .zero
            try await KafkaProducer.withProducer(producing) { producer in
                var last = try await producer.send(ProducerRecord(topic: "t", value: "0"))
                _ =
                    switch fault {
                    case .garbage: kafka.inject(.garbage, on: .saslAuthenticate)
                    case .cut: kafka.inject(.cut(after: 6), on: .saslAuthenticate)
                    case .close: kafka.inject(.closeBeforeWork, on: .saslAuthenticate)
                    case .silence: kafka.inject(.dropAnswer, on: .saslAuthenticate)
                    }
                var count: Int64 = 1
                while observed.count("A session could not be renewed") == 0
                    || observed.count("Authenticated again") == 0
                {
                    try await self.clock.sleep(for: .milliseconds(10))
                    last = try await producer.send(ProducerRecord(topic: "t", value: "x"))
                    count += 1
                }
                #expect(last.offset == count - 1)
            }
        }
    }

    @Test func aPasswordThatChangesDuringASessionIsReportedToTheReader() async throws {
        try await self.withAlice { kafka, client in
            try await kafka.createTopic("t")
            let reading = ConsumerConfiguration(client, groupID: "g")
            let error = await #expect(throws: KafkaError.self) {
                try await KafkaConsumer.withConsumer(reading, subscribedTo: ["t"]) { consumer in
                    _ = try await consumer.poll(max: 1, timeout: .milliseconds(100))
                    try await kafka.setPassword("another", of: "alice")
                    for try await _ in consumer.records {}
                }
            }
            #expect(error?.code == .authenticationFailed)
            #expect(error?.message.contains("the credentials are not valid") == true, "\(String(describing: error))")
        }
    }

    @Test func anIdleConnectionEndsHoweverOftenItsSessionIsRenewed() async throws {
        try await self.withAlice { kafka, client in
            var client = client
            // Longer than a session, so that one is renewed before.
            client.connectionMaxIdle = .milliseconds(1500)
            try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
                try await self.clock.until { try await kafka.connectionCount(of: 1) == 0 }
            }
        }
    }

    @Test func aProviderThatThrowsACancellationErrorHasFailedAndIsAskedAgain() async throws {
        let source = NumberedTokens(self.clock) { call in
            if call < 3 { throw CancellationError() }
            return .seconds(600)
        }
        try await self.withProducer(source) { producer, observed in
            try await self.send(producer) { false }
            #expect(source.count >= 3)
            #expect(!observed.tokens.isEmpty)
        }
    }
}
