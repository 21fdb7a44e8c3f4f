// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// One thread that waits for sockets and timers, and runs what it is given.
///
/// It is also a `TaskExecutor`: a client's background tasks prefer it, and so run beside the sockets without changing
/// threads. What runs here must not block. It is deliberately no `SerialExecutor`: being both costs each job a detour.
///
/// **The end.** `shutdown` (or letting go of the loop) runs what was given before, closes the loop's sockets, runs the
/// timers that are left at once, and ends the thread. Nothing is ever dropped, since somebody may be waiting for it: what
/// is given later gets a new thread for as long as there is something to do. Only sockets and `sleep` are refused.
package final class EventLoop: TaskExecutor {
    let core: LoopCore

    /// Starts the thread. `name` is what debuggers show, cut to 15 characters on Linux.
    package init(name: String, clock: LoopClock = .system) throws(TransportError) {
        self.core = try LoopCore(name: name, clock: clock)
        try self.core.start()
    }

    deinit {
        self.core.shutdown()
    }

    /// The time that `schedule` and `sleep` go by.
    package var now: MonotonicTime { self.core.clock.now }

    package var clock: LoopClock { self.core.clock }

    /// Whether the caller is on the loop's thread.
    package var isInLoop: Bool { LoopThread.isCurrent(self.core) }

    /// Begins the end; does not wait for it. May be called from any thread, and again.
    package func shutdown() {
        self.core.shutdown()
    }

    /// Waits until the loop, having been shut down, has nothing left to do and its thread ends.
    package func ended() async {
        await withCheckedContinuation { self.core.whenEnded($0) }
    }

    // MARK: Work

    /// Runs `body` on the loop's thread, later, in the order of the calls.
    package func execute(_ body: @escaping @Sendable () -> Void) {
        self.core.give(.body(body))
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        self.core.give(.job(UnownedJob(job), self))
    }

    // MARK: Timers

    /// Runs `body` on the loop's thread at a time, or when the loop is shut down if that is earlier.
    @discardableResult
    package func schedule(at deadline: MonotonicTime, _ body: @escaping @Sendable () -> Void) -> LoopTimer {
        LoopTimer(core: self.core, key: self.core.schedule(at: deadline, body))
    }

    /// Runs `body` on the loop's thread after a while, or when the loop is shut down if that is earlier.
    @discardableResult
    package func schedule(after delay: Duration, _ body: @escaping @Sendable () -> Void) -> LoopTimer {
        self.schedule(at: self.now + delay, body)
    }

    /// Waits until a time. Throws when the task is cancelled, or the loop is shut down, before it.
    package func sleep(until deadline: MonotonicTime) async throws(CancellationError) {
        let awoken = FirstResult<Bool>()
        let timer = self.schedule(at: deadline) { awoken.give(true) }
        // Scheduled too late for the loop's end to find it.
        if self.core.isShutDown { awoken.give(false) }
        let isDue = await awoken.value(whenCancelled: false)
        timer.cancel()
        // A loop that ends runs its timers early.
        guard isDue, self.now >= deadline else { throw CancellationError() }
    }

    /// Waits for a while. Throws when the task is cancelled, or the loop is shut down, before its end.
    package func sleep(for delay: Duration) async throws(CancellationError) {
        try await self.sleep(until: self.now + delay)
    }
}
