// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Decides when a cached token is used, renewed and discarded. Pure: the time of both clocks is an argument.
///
/// The refresh window is that of Kafka's Java client: at 80 to 85 % of the lifetime, but no later than five minutes
/// before the end and no earlier than one minute after the start. For tokens of less than six minutes only the
/// percentage applies.
struct TokenCacheStateMachine {
    /// The time of both clocks. The wall clock, which token expiration refers to, may be adjusted; the monotonic one
    /// may not.
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
    /// The previous token, to return to if the broker refuses the current one.
    private var earlier: Cached?
    /// The last token that the broker refused.
    private var refused: OAuthBearerToken?
    private var isFetching = false
    /// The earliest time for the next attempt after a failed renewal.
    private var retryAt: MonotonicTime?
    /// The earliest time for the next call when there is no token because the last ones were unusable.
    private var pauseEnd: MonotonicTime?
    /// The number of consecutive unusable tokens: refused, expired, or with characters that can't be sent.
    private var useless = 0

    /// The wait after a failed renewal while the old token is valid: ten seconds as in Kafka, or a twentieth of the
    /// token's lifetime if that is less.
    static let retryDelay = Duration.seconds(10)
    /// The maximum pause between calls while a token is valid and its replacements are unusable.
    private static let longestPause = Duration.seconds(60)
    private static let buffer = Duration.seconds(300)
    private static let longestLifetime: Int64 = 1000 * 86_400 * 36_500
    private static let minimumPeriod = Duration.seconds(60)

    enum Answer: Equatable {
        /// Use this token, and fetch another if `fetch` is true.
        case use(OAuthBearerToken, fetch: Bool)
        /// Wait for the call in flight. If `fetch` is true there is none yet: make it.
        case wait(fetch: Bool)
        /// There is no token, and none will be fetched before this time.
        case none(until: MonotonicTime)
    }

    /// Answers a request for a token.
    ///
    /// - Parameter end: The end of the session that the token is to renew. A broker may end a session when its token
    ///   expires, so renewing with the same token would make each session shorter. If the session ends after the
    ///   token's refresh point, the next token is fetched now.
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

    /// Drops the current token and returns to the previous one if that is still valid.
    private mutating func goBack(_ now: Now) {
        self.cached = self.earlier.flatMap { Self.isOver($0, now) ? nil : $0 }
        self.earlier = nil
    }

    /// Takes a broker's verdict on a token. A refused token is not used again: otherwise a faulty token would stay in
    /// use for its whole lifetime.
    mutating func judged(_ token: OAuthBearerToken, isAccepted: Bool, _ now: Now) {
        if isAccepted {
            // An earlier token that is accepted again says nothing about later ones.
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

    /// Takes the result of a call that returned an invalid or expired token.
    mutating func fetchedUseless(_ now: Now) {
        self.isFetching = false
        if let cached = self.cached, Self.isOver(cached, now) { self.goBack(now) }
        self.noteUseless(now)
    }

    /// Pauses increase. Without a token, the first failure causes no pause: the token may have been revoked, and the
    /// next one may be valid.
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

    /// Takes a fetched token.
    ///
    /// - Parameter jitter: A random number from 0 to 1.
    /// - Returns: Whether the token is cached. An expired token isn't, nor is one that the broker refused while another
    ///   one is available.
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
        // Limits the lifetime, so that the arithmetic can't overflow.
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
        // A short-lived token would expire during the full delay.
        let delay = self.cached.map { min(Self.retryDelay, $0.lifetime / 20) } ?? Self.retryDelay
        self.retryAt = now.monotonic + delay
    }

    static func refreshDelay(of lifetime: Duration, jitter: Double) -> Duration {
        let share = lifetime * (0.80 + 0.05 * min(max(jitter, 0), 1))
        if lifetime < Self.minimumPeriod + Self.buffer { return share }
        return max(min(share, lifetime - Self.buffer), Self.minimumPeriod)
    }

    /// Checks both clocks: the monotonic clock may stop while the machine sleeps, and the wall clock may be adjusted.
    private static func isOver(_ cached: Cached, _ now: Now) -> Bool {
        now.monotonic >= cached.endsAt || now.wallMilliseconds >= cached.token.expiresAt.millisecondsSince1970
    }
}
