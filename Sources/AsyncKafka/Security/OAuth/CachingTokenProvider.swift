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
public final class CachingTokenProvider: OAuthBearerTokenProvider {
    private struct State {
        var machine = TokenCacheStateMachine()
        var waiting: [Promise<OAuthBearerToken>] = []
    }

    private let provider: any OAuthBearerTokenProvider
    private let timeout: Duration
    private let now: @Sendable () -> TokenCacheStateMachine.Now
    private let state = Lock(State())

    /// - Parameters:
    ///   - provider: where tokens come from.
    ///   - timeout: how long one call may take before it is given up, cancelled, and another can be made. 30 s by default.
    public convenience init(_ provider: some OAuthBearerTokenProvider, timeout: Duration = .seconds(30)) {
        self.init(provider, timeout: timeout) { .now }
    }

    init(
        _ provider: some OAuthBearerTokenProvider, timeout: Duration = .seconds(30),
        now: @escaping @Sendable () -> TokenCacheStateMachine.Now
    ) {
        self.provider = provider
        self.timeout = timeout
        self.now = now
    }

    /// The token in use, or the next one if there is none.
    public func token() async throws -> OAuthBearerToken {
        try await self.token(outlasting: nil)
    }

    /// The token to renew a session with that ends at a time: the one in use if it is not due to be renewed by then itself,
    /// otherwise the next one. While the provider fails, the old one.
    func token(outlasting end: MonotonicTime?) async throws -> OAuthBearerToken {
        let promise = Promise<OAuthBearerToken>()
        let answer = self.state.withLock { state in
            let answer = state.machine.tokenWanted(self.now(), outlasting: end)
            if case .wait = answer { state.waiting.append(promise) }
            return answer
        }
        switch answer {
        case .use(let token, let fetch):
            if fetch { self.fetch() }
            return token
        case .wait(let fetch):
            if fetch { self.fetch() }
            return try await promise.value()
        }
    }

    /// The provider's, each time.
    public func extensions() async throws -> [String: String] {
        try await self.provider.extensions()
    }

    /// Makes the call, as a task of its own: it belongs to all who wait, so none of them can be its parent, and it goes on when
    /// they are cancelled. It ends at its deadline, whatever the provider does.
    private func fetch() {
        let provider = self.provider
        let timeout = self.timeout
        Task { [weak self] in
            let result: Result<OAuthBearerToken, any Error>
            do {
                result = .success(try await Deadline.run(timeout) { try await provider.token() })
            } catch {
                result = .failure(error)
            }
            self?.fetched(result)
        }
    }

    private func fetched(_ result: Result<OAuthBearerToken, any Error>) {
        let (waiting, outcome) = self.state.withLock {
            state -> ([Promise<OAuthBearerToken>], Result<OAuthBearerToken, KafkaError>) in
            defer { state.waiting = [] }
            switch result {
            case .success(let token):
                guard state.machine.fetched(token, self.now(), jitter: .random(in: 0...1)) else {
                    return (state.waiting, .failure(.tokenExpired(token)))
                }
                return (state.waiting, .success(token))
            case .failure(let error):
                state.machine.fetchFailed(self.now())
                return (state.waiting, .failure(.tokenProviderFailed(error)))
            }
        }
        for promise in waiting { promise.fulfill(outcome) }
    }
}

extension TokenCacheStateMachine.Now {
    static var now: Self { Self(monotonic: .now, wallMilliseconds: WallClock.coarseMilliseconds) }
}

extension KafkaError {
    static func tokenExpired(_ token: OAuthBearerToken) -> KafkaError {
        KafkaError(
            .authenticationFailed,
            "The token provider gave a token that has expired already (at \(token.expiresAt)); it was not sent. "
                + "Is this machine's clock right?",
            isRetriable: true)
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
