// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Keeps a provider's token for as long as it is good: one call in flight however many connections wait, and a new token
/// fetched in the background before the old one ends, which stays in use until then.
///
/// A token that can't be sent, or has expired, is never kept. One that a broker refuses is used no more: the one before it is,
/// for as long as it lasts, and the provider is asked again, with pauses that grow.
public final class CachingTokenProvider: OAuthBearerTokenProvider {
    private struct State {
        var machine = TokenCacheStateMachine()
        var waiting: [Promise<OAuthBearerToken>] = []
        /// Why there is no token.
        var lastFailure: KafkaError?
        /// Why the token in use could not be replaced, until that is told.
        var replacementFailure: KafkaError?
    }

    private let provider: any OAuthBearerTokenProvider
    private let timeout: Duration
    private let clock: LoopClock
    private let state = Lock(State())

    /// - Parameters:
    ///   - provider: where tokens come from.
    ///   - timeout: how long one call may take before it is given up, cancelled, and another can be made. 30 s by default.
    public convenience init(_ provider: some OAuthBearerTokenProvider, timeout: Duration = .seconds(30)) {
        self.init(provider, timeout: timeout, clock: .system)
    }

    init(_ provider: some OAuthBearerTokenProvider, timeout: Duration = .seconds(30), clock: LoopClock) {
        self.provider = provider
        self.timeout = timeout
        self.clock = clock
    }

    /// The token in use, or the next one if there is none.
    public func token() async throws -> OAuthBearerToken {
        try await self.token(outlasting: nil)
    }

    /// The token in use if it isn't due to be replaced within `remaining`, otherwise the next one. While the provider fails,
    /// the token in use.
    public func token(validForMoreThan remaining: Duration) async throws -> OAuthBearerToken {
        try await self.token(outlasting: self.clock.now + remaining)
    }

    func token(outlasting end: MonotonicTime?) async throws -> OAuthBearerToken {
        let promise = Promise<OAuthBearerToken>()
        let now = TokenCacheStateMachine.Now(self.clock)
        let (answer, lastFailure) = self.state.withLock { state in
            let answer = state.machine.tokenWanted(now, outlasting: end)
            if case .wait = answer { state.waiting.append(promise) }
            return (answer, state.lastFailure)
        }
        switch answer {
        case .use(let token, let fetch):
            if fetch { self.fetch() }
            return token
        case .wait(let fetch):
            if fetch { self.fetch() }
            return try await promise.value()
        case .none(let pauseEnd):
            throw KafkaError.noToken(for: pauseEnd - now.monotonic, lastFailure)
        }
    }

    /// Drops a token that a broker has refused.
    public func brokerJudged(_ token: OAuthBearerToken, isAccepted: Bool) {
        let now = TokenCacheStateMachine.Now(self.clock)
        self.state.withLock { state in
            state.machine.judged(token, isAccepted: isAccepted, now)
            if !isAccepted { state.lastFailure = .tokenRefused }
        }
    }

    /// Why the token in use could not be replaced, if that was not told yet.
    public func takeReplacementFailure() -> (any Error)? {
        self.state.withLock { state in
            defer { state.replacementFailure = nil }
            return state.replacementFailure
        }
    }

    /// The provider's extensions. It is asked each time.
    public func extensions() async throws -> [String: String] {
        try await self.provider.extensions()
    }

    /// Makes the call.
    private func fetch() {
        let provider = self.provider
        let (timeout, clock) = (self.timeout, self.clock)
        // A task of its own: the call belongs to all who wait, so none of them can be its parent, and it goes on when they are
        // cancelled. It ends at its deadline, whatever the provider does.
        Task { [weak self] in
            let result: Result<OAuthBearerToken, any Error>
            do {
                result = .success(try await Deadline.run(timeout, on: clock) { try await provider.token() })
            } catch {
                result = .failure(error)
            }
            self?.fetched(result)
        }
    }

    private func fetched(_ result: Result<OAuthBearerToken, any Error>) {
        let now = TokenCacheStateMachine.Now(self.clock)
        let (waiting, outcome) = self.state.withLock {
            state -> ([Promise<OAuthBearerToken>], Result<OAuthBearerToken, KafkaError>) in
            defer { state.waiting = [] }
            do throws(KafkaError) {
                let token = try Self.take(result, &state.machine, now)
                state.replacementFailure = nil
                return (state.waiting, .success(token))
            } catch {
                state.lastFailure = error
                if state.machine.hasToken { state.replacementFailure = error }
                return (state.waiting, .failure(error))
            }
        }
        for promise in waiting { promise.fulfill(outcome) }
    }

    private static func take(
        _ result: Result<OAuthBearerToken, any Error>, _ machine: inout TokenCacheStateMachine,
        _ now: TokenCacheStateMachine.Now
    ) throws(KafkaError) -> OAuthBearerToken {
        let token: OAuthBearerToken
        do {
            token = try result.get()
        } catch {
            machine.fetchFailed(now)
            throw .tokenProviderFailed(error)
        }
        do throws(KafkaError) {
            try token.validate()
        } catch {
            machine.fetchedUseless(now)
            throw error
        }
        guard machine.fetched(token, now, jitter: .random(in: 0...1)) else {
            throw token.expiresAt.millisecondsSince1970 > now.wallMilliseconds ? .tokenRefused : .tokenExpired(token)
        }
        return token
    }
}

extension TokenCacheStateMachine.Now {
    init(_ clock: LoopClock) {
        self.init(monotonic: clock.now, wallMilliseconds: clock.coarseWallMilliseconds)
    }
}

extension KafkaError {
    static func tokenExpired(_ token: OAuthBearerToken) -> KafkaError {
        KafkaError(
            .authenticationFailed,
            "The token provider gave a token that has expired already (at \(token.expiresAt)); it was not sent. "
                + "Is this machine's clock right?",
            isRetriable: true)
    }

    static let tokenRefused = KafkaError(
        .authenticationFailed, "The broker has refused the token that the provider gives.", isRetriable: true)

    /// The provider's last tokens could not be used, and it is not asked again at once.
    static func noToken(for pause: Duration, _ last: KafkaError?) -> KafkaError {
        KafkaError(
            .authenticationFailed,
            "There is no token: \(last?.message ?? "the last one could not be used.") The provider is asked again in \(pause).",
            isRetriable: true, underlyingError: last)
    }

    static func tokenProviderFailed(_ error: any Error) -> KafkaError {
        if let error = error as? KafkaError { return error }
        if error is Deadline.Passed {
            return KafkaError(
                .authenticationTimeout, "The token provider did not answer in time (CachingTokenProvider's timeout).",
                isRetriable: true)
        }
        return KafkaError(
            .authenticationFailed, "The token provider failed: \(error).", isRetriable: true, underlyingError: error)
    }
}
