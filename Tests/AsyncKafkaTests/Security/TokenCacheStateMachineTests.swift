// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct TokenCacheStateMachineTests {
    /// The time of both clocks after this many seconds. `step` is by how much the wall clock has been adjusted.
    private func at(_ seconds: Double, wallClockSetBy step: Double = 0) -> TokenCacheStateMachine.Now {
        TokenCacheStateMachine.Now(
            monotonic: MonotonicTime(nanoseconds: Int64(seconds * 1e9)),
            wallMilliseconds: 1_700_000_000_000 + Int64((seconds + step) * 1000))
    }

    private func token(_ name: String, expiresAt seconds: Double) -> OAuthBearerToken {
        OAuthBearerToken(
            Secret(name),
            expiresAt: Timestamp(millisecondsSince1970: 1_700_000_000_000 + Int64(seconds * 1000)))
    }

    @Test(arguments: [
        (3600.0, 0.0, 2880.0), (3600, 1, 3060), (3600, 0.5, 2970),
        // No later than five minutes before the end.
        (1200, 1, 900), (360, 0, 60),
        // Less than six minutes: only the percentage.
        (300, 0, 240), (10, 1, 8.5),
        // No earlier than after a minute.
        (370, 0, 70),
    ])
    func theRefreshPointIsThatOfKafkasJavaClient(lifetime: Double, jitter: Double, delay: Double) {
        let refresh = TokenCacheStateMachine.refreshDelay(of: .seconds(lifetime), jitter: jitter)
        #expect(abs(refresh / .seconds(1) - delay) < 0.001)
    }

    @Test func concurrentCallersWaitForTheSameCall() {
        var cache = TokenCacheStateMachine()
        let answers = (0..<50).map { _ in cache.tokenWanted(self.at(0)) }
        #expect(answers.first == .wait(fetch: true))
        #expect(answers.dropFirst().allSatisfy { $0 == .wait(fetch: false) })
    }

    @Test func aTokenIsUsedUntilItsRefreshPointWithoutACall() {
        var cache = TokenCacheStateMachine()
        _ = cache.tokenWanted(self.at(0))
        let token = self.token("a", expiresAt: 3600)
        let isGood = cache.fetched(token, self.at(0), jitter: 0)
        #expect(isGood)
        for seconds in [0.0, 1000, 2879] {
            let answer = cache.tokenWanted(self.at(seconds))
            #expect(answer == .use(token, fetch: false))
        }
        let due = [cache.tokenWanted(self.at(2880)), cache.tokenWanted(self.at(2881))]
        #expect(due == [.use(token, fetch: true), .use(token, fetch: false)])
    }

    @Test func theOldTokenIsKeptUntilItExpiresWhileRenewalFails() {
        var cache = TokenCacheStateMachine()
        _ = cache.tokenWanted(self.at(0))
        let token = self.token("a", expiresAt: 3600)
        _ = cache.fetched(token, self.at(0), jitter: 0)
        _ = cache.tokenWanted(self.at(2880))
        cache.fetchFailed(self.at(2890))
        // Tried again after ten seconds, not in a tight loop.
        let answers = [2891.0, 2899, 2900, 2901].map { cache.tokenWanted(self.at($0)) }
        #expect(
            answers == [
                .use(token, fetch: false), .use(token, fetch: false), .use(token, fetch: true),
                .use(token, fetch: false),
            ])
        cache.fetchFailed(self.at(3500))
        let last = cache.tokenWanted(self.at(3599.9))
        #expect(last == .use(token, fetch: true))
        let over = cache.tokenWanted(self.at(3600))
        #expect(over == .wait(fetch: false))
    }

    /// A broker ends a session with its token, so renewing with the same token would make each session shorter.
    @Test func aTokenIsRenewedEarlyIfTheOldOneWouldNotOutlastTheSession() {
        var cache = TokenCacheStateMachine()
        _ = cache.tokenWanted(self.at(0))
        let old = self.token("a", expiresAt: 100)
        _ = cache.fetched(old, self.at(0), jitter: 0)
        func end(_ seconds: Double) -> MonotonicTime { self.at(seconds).monotonic }
        // A session that ends long before the token is renewed with it; one that ends with the token or shortly before
        // isn't.
        let early = cache.tokenWanted(self.at(7), outlasting: end(10))
        #expect(early == .use(old, fetch: false))
        let both = [
            cache.tokenWanted(self.at(70), outlasting: end(100)), cache.tokenWanted(self.at(70), outlasting: end(90)),
        ]
        #expect(both == [.wait(fetch: true), .wait(fetch: false)])
        // Other callers don't wait.
        let other = cache.tokenWanted(self.at(70))
        #expect(other == .use(old, fetch: false))
        // If no new token is available, the old one is used for a while.
        cache.fetchFailed(self.at(71))
        let answers = [75.9, 76].map { cache.tokenWanted(self.at($0), outlasting: end(100)) }
        #expect(answers == [.use(old, fetch: false), .wait(fetch: true)])
        let new = self.token("b", expiresAt: 176)
        _ = cache.fetched(new, self.at(76), jitter: 0)
        let renewed = cache.tokenWanted(self.at(77), outlasting: end(100))
        #expect(renewed == .use(new, fetch: false))
    }

    @Test func aNewTokenReplacesTheOldOne() {
        var cache = TokenCacheStateMachine()
        _ = cache.tokenWanted(self.at(0))
        _ = cache.fetched(self.token("a", expiresAt: 3600), self.at(0), jitter: 0)
        _ = cache.tokenWanted(self.at(3000))
        let next = self.token("b", expiresAt: 6600)
        _ = cache.fetched(next, self.at(3001), jitter: 0)
        let answer = cache.tokenWanted(self.at(3002))
        #expect(answer == .use(next, fetch: false))
    }

    @Test func anExpiredTokenIsNotKept() {
        for expiry in [-1.0, 0] {
            var cache = TokenCacheStateMachine()
            _ = cache.tokenWanted(self.at(0))
            let isGood = cache.fetched(self.token("old", expiresAt: expiry), self.at(0), jitter: 0)
            #expect(!isGood)
            let answer = cache.tokenWanted(self.at(0))
            #expect(answer == .wait(fetch: true))
            cache.fetchFailed(self.at(0))
        }
    }

    @Test func settingTheWallClockForwardEndsATokenAndSettingItBackDoesNotProlongIt() {
        for (step, seconds) in [(4000.0, 10.0), (-4000, 3600)] {
            var cache = TokenCacheStateMachine()
            _ = cache.tokenWanted(self.at(0))
            _ = cache.fetched(self.token("a", expiresAt: 3600), self.at(0), jitter: 0)
            let answer = cache.tokenWanted(self.at(seconds, wallClockSetBy: step))
            #expect(answer == .wait(fetch: true))
        }
    }

    @Test func anyDateIsAccepted() {
        for milliseconds in [Int64.min, -1, 0, .max] {
            var cache = TokenCacheStateMachine()
            _ = cache.tokenWanted(self.at(0))
            let token = OAuthBearerToken("t", expiresAt: Timestamp(millisecondsSince1970: milliseconds))
            let isGood = cache.fetched(token, self.at(0), jitter: 1)
            #expect(isGood == (milliseconds == .max))
        }
    }
}
