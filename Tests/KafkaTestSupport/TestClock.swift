// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
package import KafkaTransport

/// A clock that stands still until a test moves it, for the loops of a client and of the embedded broker alike.
///
/// ```swift
/// let clock = TestClock()
/// configuration.cluster.clock = clock.loopClock
/// ...
/// await hold.untilHeld()                  // the request whose deadline is looked at is under way
/// await clock.advance(by: .seconds(60))
/// ```
///
/// `advance` goes from timer to timer: each sees the time that it was set for, and what the loops do about it, also what they
/// send each other, is done before the next is due. What tasks do elsewhere, on the pool of Swift's own threads, has its turn;
/// that it is over is only seen on Linux. A test first waits for what it knows must have come, and then moves the clock.
///
/// Where a test has no use for single moves, time passes by itself while `passing` runs the test's body:
///
/// ```swift
/// try await clock.passing {
///     let start = clock.now
///     _ = try await consumer.poll(timeout: .seconds(60))
///     #expect(clock.now - start == .seconds(60))
/// }
/// ```
package final class TestClock: ClockDriver {
    private struct WeakLoop {
        weak var loop: (any DrivenLoop)?
    }

    private struct State {
        var now: MonotonicTime
        var sleepers = TimerHeap()
        var loops: [WeakLoop] = []
    }

    private let state: Lock<State>
    /// What the wall clock shows when the monotonic one is at zero.
    private let wallAtZero: Int64

    /// - Parameter wallMilliseconds: the time of day at which it begins; by default in September 2001.
    package init(wallMilliseconds: Int64 = 1_000_000_000_000) {
        // Not at zero, which is too often right by chance.
        let start = MonotonicTime(nanoseconds: 1_000_000_000_000)
        self.wallAtZero = wallMilliseconds - start.nanoseconds / 1_000_000
        self.state = Lock(State(now: start))
    }

    /// What configurations take.
    package var loopClock: LoopClock { .driven(by: self) }

    package var now: MonotonicTime { self.state.withLock { $0.now } }

    package var wallMilliseconds: Int64 { self.wallAtZero + self.now.nanoseconds / 1_000_000 }

    package func sleep(until deadline: MonotonicTime) async throws(CancellationError) {
        let awoken = FirstResult<Bool>()
        let key = self.state.withLock { $0.sleepers.insert(deadline: deadline) { awoken.give(true) } }
        self.runDueSleepers()
        let isDue = await awoken.value(whenCancelled: false)
        let body = self.state.withLock { $0.sleepers.remove(key) }
        withExtendedLifetime(body) {}
        if !isDue { throw CancellationError() }
    }

    package func loopBegins(_ loop: any DrivenLoop) {
        self.state.withLock { state in
            state.loops.removeAll { $0.loop == nil }
            state.loops.append(WeakLoop(loop: loop))
        }
    }

    /// Moves the time on, timer by timer.
    package func advance(by duration: Duration) async {
        let end = self.now + duration
        await self.settle()
        while let next = await self.confirmedDeadline(), next <= end {
            self.move(to: next)
            await self.settle()
        }
        self.move(to: end)
        await self.settle()
    }

    /// Runs `body` while time passes as fast as it can: whenever nobody has anything to do, it goes on to the next timer. So what
    /// is computed takes no time, and what waits takes exactly as long as it waits for.
    ///
    /// The body's tasks run on a loop that the clock sees, so that none is overtaken. In it, waits go by this clock.
    ///
    /// - Parameter limit: how long the body may take, by this clock.
    /// - Throws: what the body throws. `Timeout` if it has taken longer; or if somebody is at work on and on, as who asks in a spin
    ///   is, so that no time passes. The body is cancelled in both cases.
    @discardableResult
    package func passing<Result: Sendable>(
        atMost limit: Duration = .seconds(60), _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let loop = try EventLoop(name: "test", clock: self.loopClock)
        defer { loop.shutdown() }
        let isOver = Lock(false)
        let end = self.now + limit
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask(executorPreference: loop) {
                defer { isOver.withLock { $0 = true } }
                return try await body()
            }
            var failure: Timeout?
            while !isOver.withLock({ $0 }) {
                let patience = ContinuousClock.now + .seconds(10)
                if await self.settle(giveUp: { isOver.withLock { $0 } || ContinuousClock.now > patience }) {
                    guard let next = await self.confirmedDeadline() else { continue }
                    if next > end, failure == nil {
                        failure = Timeout(description: "not within \(limit) by the test's clock")
                    }
                    self.move(to: next)
                } else if !isOver.withLock({ $0 }), failure == nil {
                    failure = Timeout(description: "somebody is at work on and on, and the test's clock stands still")
                }
                // What ends a body may take its time too.
                if failure != nil { group.cancelAll() }
            }
            if let failure { throw failure }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    /// Waits for a while.
    package func sleep(for duration: Duration) async throws(CancellationError) {
        try await self.sleep(until: self.now + duration)
    }

    /// Waits until a condition holds that nobody tells of. It is looked at every ten milliseconds.
    package func until(
        isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
    ) async throws {
        while try await !condition() { try await self.sleep(for: .milliseconds(10)) }
    }

    private var loops: [any DrivenLoop] { self.state.withLock { $0.loops.compactMap(\.loop) } }

    private var nextDeadline: MonotonicTime? {
        let deadlines = self.loops.compactMap(\.nextDeadline)
        return (deadlines + [self.state.withLock { $0.sleepers.earliest }].compactMap { $0 }).min()
    }

    /// The next deadline. Before a large step is taken, what one socket has sent another of this machine has time to come: it may be
    /// late on a busy one, and nobody shows it meanwhile.
    private func confirmedDeadline() async -> MonotonicTime? {
        while true {
            let next = self.nextDeadline
            guard let next, next - self.now >= .milliseconds(500) else { return next }
            try? await Task.sleep(for: .milliseconds(2))
            await self.settle()
            if self.nextDeadline == next || Task.isCancelled { return self.nextDeadline }
        }
    }

    /// Forward only: a timer may have been set for a time that is over.
    private func move(to time: MonotonicTime) {
        self.state.withLock { $0.now = max($0.now, time) }
        self.runDueSleepers()
        for loop in self.loops { loop.timeHasChanged() }
    }

    private func runDueSleepers() {
        while let body = self.state.withLock({ $0.sleepers.popDue(now: $0.now) }) { body() }
    }

    /// Waits until the loops have nothing to do, also after other tasks have had their turn a few times, and no other thread is
    /// at work, which it may be with a task of the pool; a thread that never rests is waited for two seconds. Returns whether it
    /// was waited for to the end.
    @discardableResult
    private func settle(giveUp: () -> Bool = { false }) async -> Bool {
        var quietRounds = 0
        let patience = ContinuousClock.now + .seconds(2)
        while quietRounds < 10 {
            if giveUp() { return false }
            await Task.yield()
            quietRounds = self.loops.allSatisfy(\.isIdle) ? quietRounds + 1 : 0
            // Before the last look at the loops, for which those threads may have had something.
            if quietRounds == 9, !OtherThreads.areWaiting, ContinuousClock.now < patience { quietRounds = 0 }
        }
        return true
    }
}
