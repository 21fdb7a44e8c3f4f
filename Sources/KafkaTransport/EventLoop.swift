// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A thread that waits for sockets and timers and runs the work it is given.
///
/// It is also a `TaskExecutor`: a client's background tasks prefer it and run beside the sockets without changing
/// threads. Work on it must not block. It isn't a `SerialExecutor`, because being both makes every job slower.
///
/// `shutdown`, or releasing the loop, runs all work that was submitted before, closes the loop's sockets, fires the
/// remaining timers at once, and ends the thread. Work is never dropped, because a caller may be waiting for it: work
/// that is submitted later runs on a new thread, which ends when none is left. Only new sockets and `sleep` are
/// refused.
package final class EventLoop: TaskExecutor {
    let core: LoopCore

    /// Starts the thread. `name` is the thread's name in debuggers, limited to 15 characters on Linux.
    package init(name: String, clock: LoopClock = .system) throws(TransportError) {
        self.core = try LoopCore(name: name, clock: clock)
        try self.core.start()
    }

    deinit {
        self.core.shutdown()
    }

    /// The current time of the clock that `schedule` and `sleep` use.
    package var now: MonotonicTime { self.core.clock.now }

    package var clock: LoopClock { self.core.clock }

    /// Whether the caller runs on the loop's thread.
    package var isInLoop: Bool { LoopThread.isCurrent(self.core) }

    /// Starts the shutdown and returns. Can be called from any thread, and more than once.
    package func shutdown() {
        self.core.shutdown()
    }

    /// Waits until the loop, after `shutdown`, has no work left and its thread ends.
    package func ended() async {
        await withCheckedContinuation { self.core.whenEnded($0) }
    }

    // MARK: Work

    /// Runs `body` later on the loop's thread, in the order of the calls.
    package func execute(_ body: @escaping @Sendable () -> Void) {
        self.core.give(.body(body))
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        self.core.give(.job(UnownedJob(job), self))
    }

    // MARK: Timers

    /// Runs `body` on the loop's thread at `deadline`, or at shutdown if that is earlier.
    @discardableResult
    package func schedule(at deadline: MonotonicTime, _ body: @escaping @Sendable () -> Void) -> LoopTimer {
        LoopTimer(core: self.core, key: self.core.schedule(at: deadline, body))
    }

    /// Runs `body` on the loop's thread after `delay`, or at shutdown if that is earlier.
    @discardableResult
    package func schedule(after delay: Duration, _ body: @escaping @Sendable () -> Void) -> LoopTimer {
        self.schedule(at: self.now + delay, body)
    }

    /// Waits until `deadline`. Throws if the task is cancelled or the loop is shut down before.
    package func sleep(until deadline: MonotonicTime) async throws(CancellationError) {
        let awoken = FirstResult<Bool>()
        let timer = self.schedule(at: deadline) { awoken.give(true) }
        // The loop has been swept already and may not fire this timer.
        if self.core.isShutDown { awoken.give(false) }
        let isDue = await awoken.value(whenCancelled: false)
        timer.cancel()
        // A loop that shuts down fires its timers early.
        guard isDue, self.now >= deadline else { throw CancellationError() }
    }

    /// Waits for `delay`. Throws if the task is cancelled or the loop is shut down before.
    package func sleep(for delay: Duration) async throws(CancellationError) {
        try await self.sleep(until: self.now + delay)
    }
}
