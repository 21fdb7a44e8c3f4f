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

/// A loop whose clock is driven by a test.
@Suite(.timeLimit(.minutes(1))) struct TestClockTests {
    private let clock = TestClock()

    @Test func timersSeeTheTimeTheyWereSetFor() async throws {
        let loop = try EventLoop(name: "test", clock: self.clock.loopClock)
        defer { loop.shutdown() }
        let start = loop.now
        let seen = Lock<[Duration]>([])
        for seconds in [3600, 1, 60] {
            loop.schedule(after: .seconds(seconds)) { seen.withLock { $0.append(loop.now - start) } }
        }
        await self.clock.advance(by: .seconds(59.999))
        #expect(seen.withLock { $0 } == [.seconds(1)])
        await self.clock.advance(by: .milliseconds(1))
        #expect(seen.withLock { $0 } == [.seconds(1), .seconds(60)])
        await self.clock.advance(by: .seconds(86_400))
        #expect(seen.withLock { $0 } == [.seconds(1), .seconds(60), .seconds(3600)])
        #expect(loop.now - start == .seconds(86_460))
    }

    @Test func aTimerSetByATimerIsDueInTheSameAdvance() async throws {
        let loop = try EventLoop(name: "test", clock: self.clock.loopClock)
        defer { loop.shutdown() }
        let ticks = Lock(0)
        @Sendable func tick() {
            ticks.withLock { $0 += 1 }
            loop.schedule(after: .seconds(1)) { tick() }
        }
        tick()
        await self.clock.advance(by: .seconds(100))
        #expect(ticks.withLock { $0 } == 101)
    }

    @Test func tasksSleepByTheTestClock() async throws {
        let loop = try EventLoop(name: "test", clock: self.clock.loopClock)
        defer { loop.shutdown() }
        let done = Lock<[String]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            let asleep = FirstResult<Void>()
            group.addTask {
                loop.execute { asleep.give(()) }
                try await loop.sleep(for: .seconds(600))
                done.withLock { $0.append("loop") }
            }
            group.addTask {
                try await self.clock.loopClock.sleep(for: .seconds(300))
                done.withLock { $0.append("clock") }
            }
            await asleep.value(whenCancelled: ())
            while done.withLock({ $0.count }) < 2 { await self.clock.advance(by: .seconds(1)) }
            try await group.waitForAll()
        }
        #expect(done.withLock { $0 } == ["clock", "loop"])
        let cancelled = Task { try await self.clock.loopClock.sleep(for: .seconds(300)) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
    }

    /// However much real time passes, nothing is due before the clock is advanced.
    @Test func timeStandsStillUnlessAdvanced() async throws {
        let loop = try EventLoop(name: "test", clock: self.clock.loopClock)
        defer { loop.shutdown() }
        let fired = Lock(false)
        loop.schedule(after: .nanoseconds(1)) { fired.withLock { $0 = true } }
        let system = try EventLoop(name: "system")
        defer { system.shutdown() }
        try await system.sleep(for: .milliseconds(20))
        await self.clock.advance(by: .zero)
        #expect(!fired.withLock { $0 })
        await self.clock.advance(by: .nanoseconds(1))
        #expect(fired.withLock { $0 })
    }

    @Test func timePassesWhileABodyRuns() async throws {
        let loop = try EventLoop(name: "test", clock: self.clock.loopClock)
        defer { loop.shutdown() }
        let clock = self.clock
        let start = clock.now
        let seen = try await clock.passing(atMost: .seconds(3600)) {
            try await withThrowingTaskGroup(of: Duration.self) { group in
                for seconds in [3600, 1, 60] {
                    group.addTask {
                        try await loop.sleep(for: .seconds(seconds))
                        return clock.now - start
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(seen == [.seconds(1), .seconds(60), .seconds(3600)])
        #expect(clock.now - start == .seconds(3600))
    }

    /// A timer is due in a nanosecond, and must not fire before a computation on a thread of the pool is done.
    @Test func computationTakesNoTime() async throws {
        let loop = try EventLoop(name: "test", clock: self.clock.loopClock)
        defer { loop.shutdown() }
        let clock = self.clock
        let start = clock.now
        loop.schedule(after: .nanoseconds(1)) {}
        let passed = try await clock.passing {
            await Task.detached {
                var random = SystemRandomNumberGenerator()
                var sum: UInt64 = 0
                for _ in 0..<10_000 { sum &+= random.next() }
                return sum == 0 ? .zero : clock.now - start
            }.value
        }
        #if os(Linux)
        #expect(passed == .zero)
        #endif
        try await clock.passing { try await clock.until { clock.now - start > .seconds(1) } }
        #expect(clock.now - start == .milliseconds(1010))
    }

    @Test func theWallClockAdvancesToo() async {
        let clock = TestClock(wallMilliseconds: 5000)
        #expect(clock.loopClock.wallMilliseconds == 5000)
        await clock.advance(by: .seconds(2))
        #expect(clock.loopClock.wallMilliseconds == 7000)
        #expect(clock.loopClock.coarseWallMilliseconds == 7000)
    }
}
