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
        var isAccepted = false
    }

    private var cached: Cached?
    /// The one before, to go back to if the broker refuses the one in use.
    private var earlier: Cached?
    /// The last that the broker has refused.
    private var refused: OAuthBearerToken?
    private var isFetching = false
    /// After a failed renewal: not before this.
    private var retryAt: MonotonicTime?
    /// Without a token: the last ones could not be used, and the provider is not asked before this.
    private var pauseEnd: MonotonicTime?
    /// How many tokens in a row could not be used: they were refused, had expired, or had characters that can't be sent.
    private var useless = 0

    /// The wait after a renewal that failed while the old token is still good: Kafka's ten seconds, or a twentieth of the
    /// token's lifetime if that is less.
    static let retryDelay = Duration.seconds(10)
    /// The longest pause between calls for a token, while one is good and those that should replace it can't be used.
    private static let longestPause = Duration.seconds(60)
    private static let buffer = Duration.seconds(300)
    private static let longestLifetime: Int64 = 1000 * 86_400 * 36_500
    private static let minimumPeriod = Duration.seconds(60)

    enum Answer: Equatable {
        /// Use this token; and fetch another if that is due.
        case use(OAuthBearerToken, fetch: Bool)
        /// Wait for the call in flight; and make it if there is none.
        case wait(fetch: Bool)
        /// There is no token, and none will be fetched before this.
        case none(until: MonotonicTime)
    }

    /// - Parameter end: of a session that the token is to renew. A broker may end a session with its token, so the same one
    ///   again would make each session shorter than the last: if the session ends after the token's refresh point, the next token is fetched now.
    mutating func tokenWanted(_ now: Now, outlasting end: MonotonicTime? = nil) -> Answer {
        if let cached = self.cached, Self.isOver(cached, now) { self.goBack(now) }
        if let cached = self.cached {
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
        if !self.isFetching, let end = self.pauseEnd, end > now.monotonic { return .none(until: end) }
        let fetch = !self.isFetching
        self.isFetching = true
        return .wait(fetch: fetch)
    }

    var hasToken: Bool { self.cached != nil }

    /// The token in use can't be used any more: goes back to the earlier one if that is still good.
    private mutating func goBack(_ now: Now) {
        self.cached = self.earlier.flatMap { Self.isOver($0, now) ? nil : $0 }
        self.earlier = nil
    }

    /// A broker has accepted or refused a token. One that is refused is used no more: a mistake in it would last for the whole
    /// lifetime that it claims.
    mutating func judged(_ token: OAuthBearerToken, isAccepted: Bool, _ now: Now) {
        if isAccepted {
            // An earlier token that is accepted again says nothing of the tokens that came after it.
            guard let cached = self.cached, cached.token == token, !cached.isAccepted else { return }
            self.cached?.isAccepted = true
            self.useless = 0
            self.refused = nil
            return
        }
        if self.earlier?.token == token { self.earlier = nil }
        guard self.cached?.token == token else { return }
        self.refused = token
        self.goBack(now)
        self.noteUseless(now)
    }

    /// The token that came can't be sent, or has expired.
    mutating func fetchedUseless(_ now: Now) {
        self.isFetching = false
        if let cached = self.cached, Self.isOver(cached, now) { self.goBack(now) }
        self.noteUseless(now)
    }

    /// The pauses grow. Without a token there is no pause after the first: it may have been revoked, and the next one be good.
    private mutating func noteUseless(_ now: Now) {
        self.useless += 1
        let doublings = min(self.useless - 1, 10)
        if let cached = self.cached {
            let longest = max(min(Self.longestPause, cached.lifetime / 20), .seconds(1))
            self.retryAt = now.monotonic + min(.seconds(1 << doublings), longest)
        } else if doublings > 0 {
            self.pauseEnd = now.monotonic + min(.seconds(1 << (doublings - 1)), Self.retryDelay)
        }
    }

    /// - Parameter jitter: from 0 to 1.
    /// - Returns: whether the token is kept. A token that has expired is not, nor is one that the broker has refused while there is
    ///   another one.
    mutating func fetched(_ token: OAuthBearerToken, _ now: Now, jitter: Double) -> Bool {
        let expiry = token.expiresAt.millisecondsSince1970
        guard expiry > now.wallMilliseconds else {
            self.fetchedUseless(now)
            return false
        }
        if let cached = self.cached, Self.isOver(cached, now) { self.goBack(now) }
        if token == self.refused, self.cached != nil {
            self.fetchedUseless(now)
            return false
        }
        self.isFetching = false
        let (left, overflow) = expiry.subtractingReportingOverflow(now.wallMilliseconds)
        // Longer than anybody keeps a token, and short enough to be counted with.
        let lifetime = Duration.milliseconds(overflow ? Self.longestLifetime : min(left, Self.longestLifetime))
        self.retryAt = nil
        self.pauseEnd = nil
        if let cached = self.cached, cached.token != token { self.earlier = cached }
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
