// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
package import KafkaTransport

/// A clock that stands still until a test advances it, for the loops of clients and of the embedded broker.
///
/// ```swift
/// let clock = TestClock()
/// configuration.cluster.clock = clock.loopClock
/// ...
/// await hold.untilHeld()                  // the request whose deadline is looked at is under way
/// await clock.advance(by: .seconds(60))
/// ```
///
/// `advance` goes from timer to timer. Each timer sees the time it was set for, and everything the loops do in
/// response, including messages they send each other, is done before the next timer is due. Tasks on Swift's thread
/// pool get their turn too; only on Linux can the clock detect that they are done. So a test first waits for what it
/// expects to have happened, and then advances the clock.
///
/// A test that doesn't need single steps uses `passing`, in which time passes by itself while the test's body runs:
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
    /// The wall clock's time when the monotonic clock is at zero.
    private let wallAtZero: Int64

    /// Creates a clock.
    ///
    /// - Parameter wallMilliseconds: The initial wall-clock time. Default: a time in September 2001.
    package init(wallMilliseconds: Int64 = 1_000_000_000_000) {
        // Not zero, which would be correct by chance too often.
        let start = MonotonicTime(nanoseconds: 1_000_000_000_000)
        self.wallAtZero = wallMilliseconds - start.nanoseconds / 1_000_000
        self.state = Lock(State(now: start))
    }

    /// The clock for use in configurations.
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

    /// Advances the time, timer by timer.
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

    /// Runs `body` while time passes as fast as possible: whenever nothing has work to do, the clock advances to the
    /// next timer. So computation takes no time, and waits take exactly as long as they should.
    ///
    /// The body's tasks run on a loop that the clock observes, so that none is overtaken. Waits in the body go by this
    /// clock.
    ///
    /// - Parameter limit: The maximum duration of the body by this clock.
    /// - Throws: The body's error, or `Timeout` if the body exceeds the limit, or if some task never stops working (a
    ///   busy loop) so that no time passes. The body is cancelled in both cases.
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
                // Ending the body may take time too.
                if failure != nil { group.cancelAll() }
            }
            if let failure { throw failure }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    /// Waits for a duration.
    package func sleep(for duration: Duration) async throws(CancellationError) {
        try await self.sleep(until: self.now + duration)
    }

    /// Polls a condition that has no notification, every ten milliseconds.
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

    /// Returns the next deadline. Before a large step, waits for bytes sent between sockets on this machine: on a busy
    /// machine they may be late, and nothing shows that they are under way.
    private func confirmedDeadline() async -> MonotonicTime? {
        while true {
            let next = self.nextDeadline
            guard let next, next - self.now >= .milliseconds(500) else { return next }
            try? await Task.sleep(for: .milliseconds(2))
            await self.settle()
            if self.nextDeadline == next || Task.isCancelled { return self.nextDeadline }
        }
    }

    /// Only forward: a timer may have been set for a time that has passed.
    private func move(to time: MonotonicTime) {
        self.state.withLock { $0.now = max($0.now, time) }
        self.runDueSleepers()
        for loop in self.loops { loop.timeHasChanged() }
    }

    private func runDueSleepers() {
        while let body = self.state.withLock({ $0.sleepers.popDue(now: $0.now) }) { body() }
    }

    /// Waits until the loops have nothing to do, even after other tasks have had several turns, and no other thread is
    /// running, since it may be running a task of the pool. Waits at most two seconds for a thread that never rests.
    /// Returns whether everything settled.
    @discardableResult
    private func settle(giveUp: () -> Bool = { false }) async -> Bool {
        var quietRounds = 0
        let patience = ContinuousClock.now + .seconds(2)
        while quietRounds < 10 {
            if giveUp() { return false }
            await Task.yield()
            quietRounds = self.loops.allSatisfy(\.isIdle) ? quietRounds + 1 : 0
            // Checked before the last look at the loops, to which those threads may have submitted work.
            if quietRounds == 9, !OtherThreads.areWaiting, ContinuousClock.now < patience { quietRounds = 0 }
        }
        return true
    }
}
