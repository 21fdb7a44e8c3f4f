// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Caches another provider's token while it is valid. Concurrent requests share a single call, and a new token is
/// fetched in the background before the old one expires.
///
/// A token that has expired or contains invalid characters is never cached. If a broker refuses a token, the cache
/// returns to the previous one while that is valid, and asks the provider again after increasing pauses.
public final class CachingTokenProvider: OAuthBearerTokenProvider {
    private struct State {
        var machine = TokenCacheStateMachine()
        var waiting: [Promise<OAuthBearerToken>] = []
        /// Why there is no token.
        var lastFailure: KafkaError?
        /// Why the token in use couldn't be replaced, until that is reported.
        var replacementFailure: KafkaError?
    }

    private let provider: any OAuthBearerTokenProvider
    private let timeout: Duration
    private let clock: LoopClock
    private let state = Lock(State())

    /// Creates a cache for a provider's tokens.
    ///
    /// - Parameters:
    ///   - provider: The provider to get tokens from.
    ///   - timeout: The maximum time for a call to the provider, after which it is cancelled. Default: 30 s.
    public convenience init(_ provider: some OAuthBearerTokenProvider, timeout: Duration = .seconds(30)) {
        self.init(provider, timeout: timeout, clock: .system)
    }

    init(_ provider: some OAuthBearerTokenProvider, timeout: Duration = .seconds(30), clock: LoopClock) {
        self.provider = provider
        self.timeout = timeout
        self.clock = clock
    }

    /// Returns the cached token, or fetches a new one if there is none.
    ///
    /// - Returns: A token that is currently valid.
    /// - Throws: A ``KafkaError`` if there is no valid token:
    ///   - `.authenticationFailed` if the provider's call fails (`underlyingError` is its error), if its token has expired,
    ///     contains invalid characters or was refused by a broker, or if the provider isn't called again yet because its
    ///     last tokens were of this kind;
    ///   - `.authenticationTimeout` if the call takes longer than `timeout`;
    ///   - the provider's own ``KafkaError``;
    ///   - `.cancelled` if the task is cancelled. The call continues for other tasks.
    public func token() async throws -> OAuthBearerToken {
        try await self.token(outlasting: nil)
    }

    /// Returns the cached token if it isn't due for renewal within `remaining`, otherwise a new one. For a while after a
    /// failed call, the cached token is returned in any case.
    ///
    /// - Parameter remaining: The remaining time of the session that is to be renewed.
    /// - Returns: A token that is currently valid.
    /// - Throws: As `token()`. A cached token that is still valid remains available from `token()`.
    public func token(validForMoreThan remaining: Duration) async throws -> OAuthBearerToken? {
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

    /// Returns why the cached token couldn't be replaced, unless that has been reported already.
    public func takeReplacementFailure() -> (any Error)? {
        self.state.withLock { state in
            defer { state.replacementFailure = nil }
            return state.replacementFailure
        }
    }

    /// Returns the provider's extensions, which are not cached.
    ///
    /// - Throws: Whatever the provider throws.
    public func extensions() async throws -> [String: String] {
        try await self.provider.extensions()
    }

    /// Calls the provider.
    private func fetch() {
        let provider = self.provider
        let (timeout, clock) = (self.timeout, self.clock)
        // Unstructured, since all waiting callers share the call: none of them can be its parent, and it continues when
        // they are cancelled. It ends at its deadline.
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

    /// The provider's last tokens were unusable, and it isn't called again yet.
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
