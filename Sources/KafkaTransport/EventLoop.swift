// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// One thread that waits for sockets and timers, and runs what it is given.
///
/// It is also a `TaskExecutor`: a client's background tasks prefer it, and so run beside the sockets without changing
/// threads. What runs here must not block. It is deliberately no `SerialExecutor`: being both costs each job a detour.
package final class EventLoop: TaskExecutor {
    private enum Work {
        case job(UnownedJob)
        case body(@Sendable () -> Void)
    }

    private struct State {
        var work = Deque<Work>()
        var timers = TimerHeap()
        var handlers: [UInt64: any SocketEventHandler] = [:]
        var nextToken: UInt64 = 1
        /// Until when the thread sleeps; nil while it is awake, which needs no waking.
        var sleepingUntil: MonotonicTime?
        var isShutDown = false
        var hasEnded = false
    }

    let poller: Poller
    private let state = Lock(State())
    /// How much is run before the sockets are looked at again, so that neither starves the other.
    private static let turn = 64

    /// Starts the thread. `name` is what debuggers show, cut to 15 characters on Linux.
    package init(name: String) throws(TransportError) {
        self.poller = try Poller()
        try startThread(named: name) { self.run() }
    }

    package var now: MonotonicTime { .now }

    /// Whether the caller is on the loop's thread.
    package var isInLoop: Bool { LoopThread.current === self }

    /// Ends the thread once what has been given to it has run. What is given later runs nowhere, except tasks' jobs, which
    /// then run on a thread of their own so that they can end. May be called from any thread, and again.
    package func shutdown() {
        self.state.withLock { $0.isShutDown = true }
        self.poller.wake()
    }

    // MARK: Giving work

    /// Runs `body` on the loop's thread, later. Dropped after shutdown.
    package func execute(_ body: @escaping @Sendable () -> Void) {
        self.give(.body(body))
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if !self.give(.job(job)) { LateJobs.run(job, on: self) }
    }

    @discardableResult
    private func give(_ work: Work) -> Bool {
        enum Outcome { case awake, asleep, ended }
        let outcome: Outcome = self.state.withLock { state in
            if state.hasEnded { return .ended }
            state.work.append(work)
            defer { state.sleepingUntil = nil }
            return state.sleepingUntil == nil ? .awake : .asleep
        }
        if case .asleep = outcome { self.poller.wake() }
        if case .ended = outcome { return false }
        return true
    }

    /// Runs `body` on the loop's thread at a time. After shutdown it never runs.
    package func schedule(at deadline: MonotonicTime, _ body: @escaping @Sendable () -> Void) -> LoopTimer {
        let timer = LoopTimer(deadline: deadline, body: body) { [weak self] in
            self?.state.withLock { $0.timers.noteCancelled() }
        }
        let mustWake = self.state.withLock { state in
            state.timers.insert(timer)
            guard let sleepingUntil = state.sleepingUntil, deadline < sleepingUntil else { return false }
            state.sleepingUntil = nil
            return true
        }
        if mustWake { self.poller.wake() }
        return timer
    }

    /// Runs `body` on the loop's thread after a while.
    package func schedule(after delay: Duration, _ body: @escaping @Sendable () -> Void) -> LoopTimer {
        self.schedule(at: self.now + delay, body)
    }

    // MARK: Sockets

    /// Watches a socket; `handler` is kept until `unwatch`. The token names the registration.
    func watch(
        _ descriptor: Int32, interest: Interest, handler: any SocketEventHandler
    ) throws(TransportError) -> UInt64 {
        let token = self.state.withLock { state in
            defer { state.nextToken += 1 }
            state.handlers[state.nextToken] = handler
            return state.nextToken
        }
        do {
            try self.poller.add(descriptor, token: token, interest: interest)
        } catch {
            self.state.withLock { _ = $0.handlers.removeValue(forKey: token) }
            throw error
        }
        return token
    }

    /// Stops watching; events that are on their way are dropped. Before the descriptor is closed.
    func unwatch(_ descriptor: Int32, token: UInt64) {
        self.poller.remove(descriptor)
        self.state.withLock { _ = $0.handlers.removeValue(forKey: token) }
    }

    // MARK: The thread

    private func run() {
        LoopThread.enter(self)
        var isShutDown = false
        while true {
            self.runDueTimers()
            let moreWork = self.runWork()
            if isShutDown, !moreWork, self.end() { return }
            let timeout = moreWork || isShutDown ? 0 : self.prepareToSleep()
            self.poller.wait(timeout: timeout) { token, event in
                let handler = self.state.withLock { $0.handlers[token] }
                handler?.socketReady(event)
            }
            isShutDown = self.state.withLock { state in
                state.sleepingUntil = nil
                return state.isShutDown
            }
        }
    }

    private func runDueTimers() {
        for _ in 0..<Self.turn {
            let timer = self.state.withLock { $0.timers.popDue(now: .now) }
            guard let timer else { return }
            timer.take()?()
        }
    }

    /// Runs a turn of what was given; whether more is there.
    private func runWork() -> Bool {
        for _ in 0..<Self.turn {
            guard let work = self.state.withLock({ $0.work.popFirst() }) else { return false }
            switch work {
            case .job(let job): job.runSynchronously(on: self.asUnownedTaskExecutor())
            case .body(let body): body()
            }
        }
        return self.state.withLock { !$0.work.isEmpty }
    }

    /// How many milliseconds to wait for sockets; 0 if there is something to do.
    private func prepareToSleep() -> Int32 {
        self.state.withLock { state in
            guard state.work.isEmpty, !state.isShutDown else { return 0 }
            let forever = MonotonicTime(nanoseconds: .max)
            guard let earliest = state.timers.earliest else {
                state.sleepingUntil = forever
                return -1
            }
            let wait = earliest.nanoseconds - MonotonicTime.now.nanoseconds
            guard wait > 0 else { return 0 }
            state.sleepingUntil = earliest
            // Rounded up, so that the timer is due when the wait ends.
            return Int32(min((wait + 999_999) / 1_000_000, 3_600_000))
        }
    }

    /// Ends the loop if nothing has come meanwhile.
    private func end() -> Bool {
        self.state.withLock { state in
            guard state.work.isEmpty else { return false }
            state.hasEnded = true
            state.handlers = [:]
            state.timers = TimerHeap()
            return true
        }
    }
}
