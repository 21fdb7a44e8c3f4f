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

/// Tokens with a long lifetime that are unusable.
@Suite(.timeLimit(.minutes(1)))
struct UselessTokenTests {
    private let clock = TestClock()

    private func at(_ seconds: Double) -> TokenCacheStateMachine.Now {
        TokenCacheStateMachine.Now(
            monotonic: MonotonicTime(nanoseconds: Int64(seconds * 1e9)),
            wallMilliseconds: 1_700_000_000_000 + Int64(seconds * 1000))
    }

    private func token(_ name: String, expiresAt seconds: Double) -> OAuthBearerToken {
        OAuthBearerToken(
            Secret(name), expiresAt: Timestamp(millisecondsSince1970: 1_700_000_000_000 + Int64(seconds * 1000)))
    }

    /// A cache that has used `good` and replaced it with `new` at second 3000.
    private func cache(_ good: OAuthBearerToken, _ new: OAuthBearerToken) -> TokenCacheStateMachine {
        var cache = TokenCacheStateMachine()
        _ = cache.tokenWanted(self.at(0))
        _ = cache.fetched(good, self.at(0), jitter: 0)
        cache.judged(good, isAccepted: true, self.at(1))
        _ = cache.tokenWanted(self.at(3000))
        _ = cache.fetched(new, self.at(3000), jitter: 0)
        return cache
    }

    @Test func aRefusedTokenIsDroppedAndTheEarlierOneUsedUntilItExpires() {
        let (good, bad) = (self.token("good", expiresAt: 3600), self.token("bad", expiresAt: 6600))
        var cache = self.cache(good, bad)
        let first = cache.tokenWanted(self.at(3000))
        #expect(first == .use(bad, fetch: false))
        cache.judged(bad, isAccepted: false, self.at(3000))
        // Later refusals of the same token by other connections have no effect.
        cache.judged(bad, isAccepted: false, self.at(3000))
        let used = [3000.0, 3000.9, 3001].map { cache.tokenWanted(self.at($0)) }
        #expect(used == [.use(good, fetch: false), .use(good, fetch: false), .use(good, fetch: true)])
        // Other connections authenticate with it in the meantime.
        cache.judged(good, isAccepted: true, self.at(3001))
        // The provider returns the same token again. It isn't used, and the pauses increase.
        let isKept = cache.fetched(bad, self.at(3001), jitter: 0)
        #expect(!isKept)
        let asked = [3002.9, 3003].map { cache.tokenWanted(self.at($0)) }
        #expect(asked == [.use(good, fetch: false), .use(good, fetch: true)])
        _ = cache.fetched(bad, self.at(3003), jitter: 0)
        let later = [3006.9, 3007].map { cache.tokenWanted(self.at($0)) }
        #expect(later == [.use(good, fetch: false), .use(good, fetch: true)])
        let better = self.token("better", expiresAt: 6700)
        _ = cache.fetched(better, self.at(3008), jitter: 0)
        let last = cache.tokenWanted(self.at(3008))
        #expect(last == .use(better, fetch: false))
    }

    @Test func pausesGrowToAMinuteOrATwentiethOfTheValidTokensLifetime() {
        let cases: [(lifetime: Double, pauses: [Double])] = [
            (3600, [1, 2, 4, 8, 16, 32, 60, 60]), (400, [1, 2, 4, 8, 16, 20]),
        ]
        for (lifetime, expected) in cases {
            let good = self.token("good", expiresAt: lifetime)
            var cache = TokenCacheStateMachine()
            _ = cache.tokenWanted(self.at(0))
            _ = cache.fetched(good, self.at(0), jitter: 0)
            var time = lifetime * 0.86
            var calls: [Double] = []
            while calls.count <= expected.count, time < lifetime {
                if cache.tokenWanted(self.at(time)) == .use(good, fetch: true) {
                    calls.append(time)
                    cache.fetchedUseless(self.at(time))
                }
                time += 1
            }
            #expect(zip(calls, calls.dropFirst()).map { $1 - $0 } == expected)
        }
    }

    @Test func withoutAValidTokenTheNextIsFetchedAtOnceThenAfterGrowingPauses() {
        var cache = TokenCacheStateMachine()
        var time = 0.0
        var waits: [Double] = []
        for call in 1...7 {
            let before = time
            while time < before + 100, cache.tokenWanted(self.at(time)) != .wait(fetch: true) { time += 0.5 }
            waits.append(time - before)
            let token = self.token("bad\(call)", expiresAt: 100_000)
            _ = cache.fetched(token, self.at(time), jitter: 0)
            cache.judged(token, isAccepted: false, self.at(time))
        }
        #expect(waits == [0, 0, 1, 2, 4, 8, 10])
        // A valid token ends the pauses.
        time += 20
        _ = cache.tokenWanted(self.at(time))
        let good = self.token("good", expiresAt: 100_000)
        _ = cache.fetched(good, self.at(time), jitter: 0)
        cache.judged(good, isAccepted: true, self.at(time))
        cache.judged(good, isAccepted: false, self.at(time + 1))
        let answer = cache.tokenWanted(self.at(time + 1))
        #expect(answer == .wait(fetch: true))
    }

    /// A provider of tokens that last an hour and have the text that the test specifies.
    private final class Source: OAuthBearerTokenProvider {
        private let name: Lock<String>
        private let clock: TestClock
        private let log = EventLog()

        init(_ name: String, _ clock: TestClock) {
            self.name = Lock(name)
            self.clock = clock
        }

        func give(_ name: String) { self.name.withLock { $0 = name } }
        var calls: Int { self.log.events.count }
        func called(_ count: Int) async { await self.log.until("called", count: count) }

        func token() -> OAuthBearerToken {
            self.log.add("called")
            return OAuthBearerToken(
                Secret(self.name.withLock { $0 }),
                expiresAt: Timestamp(millisecondsSince1970: self.clock.wallMilliseconds + 3_600_000))
        }
    }

    /// Connects to a server with cached tokens of a source.
    private final class Client: Sendable {
        let clock: TestClock
        let source: Source
        let log = KeptLog(minimum: .trace)
        private let address: String
        private let server: KafkaServer
        private let logger: Logger
        private let security: ConnectionSecurity
        private let loop: EventLoop

        init(of address: String, _ token: String, clock: TestClock) throws {
            self.clock = clock
            self.source = Source(token, clock)
            self.address = address
            self.server = try #require(KafkaServer(address))
            self.logger = Logger(self.log)
            let cache = CachingTokenProvider(self.source, clock: clock.loopClock)
            let mechanism = OAuthBearerMechanism(cache, clock: clock.loopClock)
            self.security = try ConnectionSecurity(.sasl(mechanism, over: .plaintext), logger: self.logger)
            self.loop = try EventLoop(name: "client", clock: clock.loopClock)
        }

        func end() { self.loop.shutdown() }

        func connect(setUp: Duration = .seconds(30)) async throws {
            var configuration = KafkaClientConfiguration(bootstrapServers: [self.address])
            configuration.connectionSetupTimeout = setUp
            let connection = try await BrokerConnection.open(
                to: Broker(id: nil, host: self.server.host, port: self.server.port), configuration: configuration,
                security: self.security, loop: self.loop, logger: self.logger
            ) { _, _ in }
            connection.close(.cancelled)
        }

        /// Connects with the first token, and again when the next one is due, which is fetched after that.
        func connectUntilNext(_ token: String) async throws {
            try await self.connect()
            self.source.give(token)
            // It is fetched in the background; until then the old one is used.
            try await self.clock.sleep(for: .seconds(3300))
            try await self.connect()
            await self.source.called(2)
        }
    }

    @Test(arguments: ["<html>500</html>", "revoked"])
    func anUnusableNewTokenDoesNotPreventConnectingWithTheOldOne(next: String) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.checkToken = { token, _ in
            token == "good" ? .accepted(user: "alice", lifetime: .seconds(600)) : .refused(status: "invalid_token")
        }
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.oauthBearer])]
        try await self.clock.withCluster(configuration, atMost: .seconds(3320)) { kafka in
            let client = try Client(of: kafka.bootstrapServers(of: "SASL")[0], "good", clock: self.clock)
            defer { client.end() }
            try await client.connectUntilNext(next)
            var failures = 0
            for _ in 0..<20 {
                do { try await client.connect() } catch { failures += 1 }
            }
            // A token is known to be refused only after a connection has used it, one in this test.
            #expect(failures <= (next == "revoked" ? 1 : 0), "\(client.log.lines(.warning))")
            #expect(client.source.calls == 2, "no time has passed")
            #expect(
                client.log.lines(.warning).contains { $0.contains("the earlier one is used") } == (next != "revoked")
            )
            // When the provider works again, it is called again.
            client.source.give("good")
            try await self.clock.sleep(for: .seconds(10))
            try await client.connect()
            await client.source.called(3)
            try await client.connect()
        }
    }

    /// How an exchange ends after the broker has sent its refusal.
    enum End: CaseIterable, Sendable {
        case closes, saysNothing, saysAnotherError
    }

    @Test(arguments: End.allCases)
    func aRefusedTokenIsDroppedHoweverTheExchangeEnds(end: End) async throws {
        try await self.clock.passing(atMost: .seconds(3320)) {
            let server = try AuthenticatingBroker(clock: self.clock.loopClock)
            defer { server.stop() }
            let scripted = try #require(server.scripted)
            let client = try Client(of: scripted.address, "token", clock: self.clock)
            defer { client.end() }
            try await client.connectUntilNext("revoked")
            // The refusal is the response to the first message; this follows it.
            switch end {
            case .closes: server.fail(at: 2, .close)
            case .saysNothing: server.fail(at: 2, .silence)
            case .saysAnotherError: server.fail(at: 2, .emptyAnswer)
            }
            var failures: [KafkaError] = []
            // A connection opened before the new token is cached uses the old one.
            for _ in 0..<20 {
                do throws(any Error) {
                    try await client.connect(setUp: end == .saysNothing ? .seconds(3) : .seconds(30))
                } catch let error as KafkaError {
                    failures.append(error)
                }
            }
            #expect(failures.count <= 1, "\(failures)")
            if end == .closes || end == .saysNothing, let error = failures.first {
                #expect(error.code == .authenticationFailed)
                #expect(error.message.contains("invalid_token"), "\(error)")
            }
        }
    }
}
