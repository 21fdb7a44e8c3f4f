// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A provider that counts its calls and answers as the test specifies.
private final class Source: OAuthBearerTokenProvider {
    private let count = Lock(0)
    private let answer: @Sendable (Int) async throws -> OAuthBearerToken

    init(_ answer: @escaping @Sendable (Int) async throws -> OAuthBearerToken) {
        self.answer = answer
    }

    var calls: Int { self.count.withLock { $0 } }

    func token() async throws -> OAuthBearerToken {
        let call = self.count.withLock { count in
            count += 1
            return count
        }
        return try await self.answer(call)
    }
}

/// The documented behaviour of `OAuthBearerTokenProvider` and `CachingTokenProvider`, sentence by sentence.
@Suite(.timeLimit(.minutes(1))) struct OAuthBearerTokenProviderTests {
    private struct Failure: Error {}

    private static func token(_ call: Int, lifetime: Duration = .seconds(600)) -> OAuthBearerToken {
        OAuthBearerToken(Secret("token\(call)"), lifetime: lifetime)
    }

    @Test func fiftyConnectionsAtOnceShareOneCall() async throws {
        let gate = Promise<Void>()
        let source = Source { call in
            try await gate.value()
            return Self.token(call)
        }
        let provider = CachingTokenProvider(source)
        let tokens = try await withThrowingTaskGroup(of: OAuthBearerToken.self) { group in
            for _ in 0..<50 { group.addTask { try await provider.token() } }
            group.addTask {
                while source.calls == 0 { await Task.yield() }
                gate.fulfill(.success(()))
                return try await provider.token()
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(tokens.count == 51)
        #expect(tokens.allSatisfy { $0.value == "token1" })
        #expect(source.calls == 1)
    }

    @Test func onlyOneCallIsInFlightEvenIfItsCallersAreCancelled() async throws {
        let gate = Promise<Void>()
        let source = Source { call in
            try await gate.value()
            return Self.token(call)
        }
        let provider = CachingTokenProvider(source)
        let first = Task { try await provider.token() }
        while source.calls == 0 { await Task.yield() }
        first.cancel()
        let result = await first.result
        #expect(throws: KafkaError.self) { try result.get() }
        let second = Task { try await provider.token() }
        gate.fulfill(.success(()))
        #expect(try await second.value.value == "token1")
        #expect(source.calls == 1)
    }

    @Test func aTokenDueForRenewalIsFetchedInTheBackgroundAndUsedUntilThen() async throws {
        let gates = [Promise<Void>(), Promise<Void>()]
        let clock = TestClock()
        let source = Source { call in
            if call > 1 { try await gates[call - 2].value() }
            return OAuthBearerToken(
                Secret("token\(call)"),
                expiresAt: Timestamp(millisecondsSince1970: clock.wallMilliseconds + 600_000))
        }
        let provider = CachingTokenProvider(source, timeout: .seconds(3600), clock: clock.loopClock)
        #expect(try await provider.token().value == "token1")
        await clock.advance(by: .seconds(299))
        #expect(try await provider.token().value == "token1")
        #expect(source.calls == 1)
        // Five minutes before the token expires.
        await clock.advance(by: .seconds(1))
        for _ in 0..<3 { #expect(try await provider.token().value == "token1") }
        while source.calls < 2 { await Task.yield() }
        // The call fails: the old token is used until it expires, and the next call is made after ten seconds.
        gates[0].fulfill(.failure(KafkaError(.authenticationFailed, "down")))
        while provider.takeReplacementFailure() == nil { await Task.yield() }
        await clock.advance(by: .seconds(9))
        for _ in 0..<3 { #expect(try await provider.token().value == "token1") }
        #expect(source.calls == 2)
        await clock.advance(by: .seconds(1))
        #expect(try await provider.token().value == "token1")
        while source.calls < 3 { await Task.yield() }
        await clock.advance(by: .seconds(289))
        #expect(try await provider.token().value == "token1")
        gates[1].fulfill(.success(()))
        while try await provider.token().value == "token1" { await Task.yield() }
        #expect(try await provider.token().value == "token3")
        #expect(source.calls == 3)
    }

    @Test func aHangingCallIsAbandonedAndAnotherIsMade() async throws {
        // It waits for something that never happens, and ignores cancellation.
        let never = Lock<[CheckedContinuation<Void, Never>]>([])
        let source = Source { call in
            if call == 1 { await withCheckedContinuation { waiting in never.withLock { $0.append(waiting) } } }
            return Self.token(call)
        }
        let clock = TestClock()
        let provider = CachingTokenProvider(source, timeout: .seconds(1), clock: clock.loopClock)
        try await clock.passing {
            let start = clock.now
            let error = await #expect(throws: KafkaError.self) { try await provider.token() }
            #expect(clock.now - start == .seconds(1))
            #expect(error?.code == .authenticationTimeout)
            #expect(error?.isRetriable == true)
            let second = try await provider.token()
            #expect(second.value == "token2")
        }
        for waiting in never.withLock({ $0 }) { waiting.resume() }
    }

    @Test func aProviderThatDoesNotAnswerIsAnAuthenticationTimeout() async throws {
        let clock = TestClock()
        let source = Source { _ in
            try await clock.sleep(for: .seconds(600))
            return Self.token(1)
        }
        let mechanism = OAuthBearerMechanism(source, clock: clock.loopClock)
        try await clock.passing {
            let start = clock.now
            let error = await #expect(throws: KafkaError.self) {
                _ = try await mechanism.makeExchange(with: KafkaServer(host: "x"))
            }
            #expect(clock.now - start == .seconds(10))
            #expect(error?.code == .authenticationTimeout)
            #expect(error?.isRetriable == true)
        }
    }

    @Test func aProvidersErrorIsPassedOn() async throws {
        let provider = CachingTokenProvider(Source { _ in throw Failure() })
        let error = await #expect(throws: KafkaError.self) { try await provider.token() }
        #expect(error?.code == .authenticationFailed)
        #expect(error?.underlyingError is Failure)
        #expect(error?.isRetriable == true)
    }

    @Test func anExpiredTokenIsNeverSent() async throws {
        let source = Source { Self.token($0, lifetime: .seconds(-1)) }
        for provider: any OAuthBearerTokenProvider in [source, CachingTokenProvider(source)] {
            let mechanism = OAuthBearerMechanism(provider, tokenTimeout: .seconds(10))
            let error = await #expect(throws: KafkaError.self) {
                _ = try await mechanism.makeExchange(with: KafkaServer(host: "x"))
            }
            #expect(error?.code == .authenticationFailed)
            #expect(error?.message.contains("expired") == true)
            #expect(error?.message.contains("token1") == false)
        }
    }

    @Test func withoutACacheTheProviderIsCalledForEachConnection() async throws {
        let source = Source { Self.token($0) }
        let mechanism = OAuthBearerMechanism.oauthBearer(source)
        for _ in 0..<3 { _ = try await mechanism.makeExchange(with: KafkaServer(host: "x")) }
        #expect(source.calls == 3)
    }

    /// A provider without a cache is called once for each attempt to renew a session.
    @Test func aFailingProviderIsCalledOnceForARenewal() async {
        struct Down: Error {}
        final class Failing: OAuthBearerTokenProvider {
            let calls = Lock(0)

            func token() throws -> OAuthBearerToken {
                self.calls.withLock { $0 += 1 }
                throw Down()
            }
        }
        let provider = Failing()
        let mechanism = OAuthBearerMechanism.oauthBearer(provider)
        await #expect(throws: KafkaError.self) {
            try await mechanism.makeExchange(
                with: KafkaServer(host: "b"), renewingSessionThatEndsIn: .seconds(60), within: .seconds(10))
        }
        #expect(provider.calls.withLock { $0 } == 1)
    }
}
