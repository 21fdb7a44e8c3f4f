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
/// send each other, is done before the next is due. What tasks do elsewhere, on the pool of Swift's own threads, has its turn but
/// can't be seen: a test first waits for what it knows must have come, and then moves the clock.
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
        while let next = self.nextDeadline, next <= end {
            self.move(to: next)
            await self.settle()
        }
        self.move(to: end)
        await self.settle()
    }

    private var loops: [any DrivenLoop] { self.state.withLock { $0.loops.compactMap(\.loop) } }

    private var nextDeadline: MonotonicTime? {
        let deadlines = self.loops.compactMap(\.nextDeadline)
        return (deadlines + [self.state.withLock { $0.sleepers.earliest }].compactMap { $0 }).min()
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

    /// Waits until the loops have nothing to do, also after other tasks have had their turn a few times.
    private func settle() async {
        var quietRounds = 0
        while quietRounds < 10 {
            await Task.yield()
            quietRounds = self.loops.allSatisfy(\.isIdle) ? quietRounds + 1 : 0
        }
    }
}
