// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// When a cached token is used, renewed and thrown away. Pure: the time is an argument, by both clocks.
///
/// The window is that of Kafka's own client: renewal is due at 80 to 85 % of the lifetime, but no later than five minutes
/// before its end and no sooner than a minute after its beginning; tokens of less than six minutes have the percentage only.
struct TokenCacheStateMachine {
    /// What both clocks say. The wall clock, which tokens are dated by, may be set; the other one never is.
    struct Now {
        var monotonic: MonotonicTime
        var wallMilliseconds: Int64
    }

    private struct Cached {
        var token: OAuthBearerToken
        var refreshAt: MonotonicTime
        var endsAt: MonotonicTime
        var lifetime: Duration
    }

    private var cached: Cached?
    private var isFetching = false
    /// After a failed renewal: not before this.
    private var retryAt: MonotonicTime?

    /// The wait after a renewal that failed while the old token is still good: Kafka's ten seconds, or a twentieth of the
    /// token's lifetime if that is less.
    static let retryDelay = Duration.seconds(10)
    private static let buffer = Duration.seconds(300)
    private static let longestLifetime: Int64 = 1000 * 86_400 * 36_500
    private static let minimumPeriod = Duration.seconds(60)

    enum Answer: Equatable {
        /// Use this token; and fetch another if that is due.
        case use(OAuthBearerToken, fetch: Bool)
        /// Wait for the call in flight; and make it if there is none.
        case wait(fetch: Bool)
    }

    /// - Parameter end: of a session that the token is to renew. A broker may end a session with its token, so the same one
    ///   again would make each session shorter than the last: if the session ends behind the token's refresh point, that is now.
    mutating func tokenWanted(_ now: Now, outlasting end: MonotonicTime? = nil) -> Answer {
        if let cached = self.cached, !Self.isOver(cached, now) {
            if let end, end >= cached.refreshAt, self.retryAt.map({ now.monotonic >= $0 }) ?? true {
                let fetch = !self.isFetching
                self.isFetching = true
                return .wait(fetch: fetch)
            }
            let isDue = now.monotonic >= max(cached.refreshAt, self.retryAt ?? cached.refreshAt)
            let fetch = isDue && !self.isFetching
            if fetch { self.isFetching = true }
            return .use(cached.token, fetch: fetch)
        }
        self.cached = nil
        let fetch = !self.isFetching
        self.isFetching = true
        return .wait(fetch: fetch)
    }

    /// - Parameter jitter: from 0 to 1.
    /// - Returns: whether the token is good; one that has expired already is not kept.
    mutating func fetched(_ token: OAuthBearerToken, _ now: Now, jitter: Double) -> Bool {
        self.isFetching = false
        let expiry = token.expiresAt.millisecondsSince1970
        guard expiry > now.wallMilliseconds else {
            self.retryAt = now.monotonic + Self.retryDelay
            return false
        }
        let (left, overflow) = expiry.subtractingReportingOverflow(now.wallMilliseconds)
        // Longer than anybody keeps a token, and short enough to be counted with.
        let lifetime = Duration.milliseconds(overflow ? Self.longestLifetime : min(left, Self.longestLifetime))
        self.retryAt = nil
        self.cached = Cached(
            token: token, refreshAt: now.monotonic + Self.refreshDelay(of: lifetime, jitter: jitter),
            endsAt: now.monotonic + lifetime, lifetime: lifetime)
        return true
    }

    mutating func fetchFailed(_ now: Now) {
        self.isFetching = false
        // A short token's end would not wait for as long.
        let delay = self.cached.map { min(Self.retryDelay, $0.lifetime / 20) } ?? Self.retryDelay
        self.retryAt = now.monotonic + delay
    }

    static func refreshDelay(of lifetime: Duration, jitter: Double) -> Duration {
        let share = lifetime * (0.80 + 0.05 * min(max(jitter, 0), 1))
        if lifetime < Self.minimumPeriod + Self.buffer { return share }
        return max(min(share, lifetime - Self.buffer), Self.minimumPeriod)
    }

    /// By either clock: this machine may have slept, which the one does not see, or been set, which is the other's.
    private static func isOver(_ cached: Cached, _ now: Now) -> Bool {
        now.monotonic >= cached.endsAt || now.wallMilliseconds >= cached.token.expiresAt.millisecondsSince1970
    }
}
