// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The token cache under random requests, fetches, verdicts and clock changes.
@Suite struct TokenCacheSimulationTests {
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func noTokenIsUsedThatIsOverOrRefusedAndCallsAreFewAndNeverCease(seed: UInt64) {
        var random = SeededRandom(seed)
        var cache = TokenCacheStateMachine()
        var time = MonotonicTime(nanoseconds: 0)
        // The wall clock may be adjusted, by less than the shortest lifetime.
        var adjustment: Int64 = 0
        var isFetching = false
        var refused: Set<OAuthBearerToken> = []
        var made = 0
        var calls = 0
        var used = 0
        func now() -> TokenCacheStateMachine.Now {
            let milliseconds = Int64((time - MonotonicTime(nanoseconds: 0)) / .milliseconds(1))
            return TokenCacheStateMachine.Now(
                monotonic: time, wallMilliseconds: 1_700_000_000_000 + milliseconds + adjustment)
        }
        var inUse: OAuthBearerToken?
        for step in 0..<2000 {
            time = time + .milliseconds(.random(in: 0..<20_000, using: &random))
            if Int.random(in: 0..<100, using: &random) == 0 { adjustment = .random(in: -5000...5000, using: &random) }

            let isRenewal = Int.random(in: 0..<4, using: &random) == 0
            let answer = cache.tokenWanted(
                now(), outlasting: isRenewal ? time + .seconds(.random(in: 0..<300, using: &random)) : nil)
            switch answer {
            case .use(let token, let fetch):
                used += 1
                inUse = token
                #expect(token.expiresAt.millisecondsSince1970 > now().wallMilliseconds, "step \(step)")
                #expect(!refused.contains(token), "step \(step): a refused token is used")
                #expect(!(fetch && isFetching), "step \(step): two calls at once")
                if fetch {
                    isFetching = true
                    calls += 1
                }
            case .wait(let fetch):
                // A caller waits for the call in flight, or starts it if there is none.
                #expect(fetch != isFetching, "step \(step)")
                if fetch { calls += 1 }
                isFetching = true
            case .none(let end):
                #expect(!isFetching && end > time && end - time <= .seconds(10), "step \(step)")
            }

            if isFetching, Bool.random(using: &random) {
                isFetching = false
                made += 1
                switch Int.random(in: 0..<10, using: &random) {
                case 0: cache.fetchFailed(now())
                case 1: cache.fetchedUseless(now())
                case 2:
                    let expired = OAuthBearerToken(
                        Secret("\(made)"),
                        expiresAt: Timestamp(millisecondsSince1970: now().wallMilliseconds - 1))
                    let isKept = cache.fetched(expired, now(), jitter: 0)
                    #expect(!isKept)
                default:
                    let lifetime = Int64.random(in: 6000...2_000_000, using: &random)
                    let token = OAuthBearerToken(
                        Secret("\(made)"),
                        expiresAt: Timestamp(millisecondsSince1970: now().wallMilliseconds + lifetime))
                    let isKept = cache.fetched(token, now(), jitter: .random(in: 0...1, using: &random))
                    #expect(isKept)
                }
            }
            if let token = inUse, Int.random(in: 0..<3, using: &random) == 0 {
                let isAccepted = Int.random(in: 0..<8, using: &random) > 0
                if !isAccepted { refused.insert(token) }
                cache.judged(token, isAccepted: isAccepted, now())
            }
        }
        #expect(used > 500)
        // Some 5.5 hours with tokens of 17 minutes on average, a third of whose calls fail.
        #expect(calls > 20 && calls < 900, "\(calls) calls")
    }
}
