// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The implementation of an event loop, apart from the `EventLoop` handle.
///
/// The running thread retains the core but not the handle, so that releasing the handle can end the thread.
final class LoopCore: Sendable {
    enum Work {
        /// A job and its loop, which must outlive it.
        case job(UnownedJob, EventLoop)
        case body(@Sendable () -> Void)
    }

    private struct State {
        var inbox: [Work] = []
        var timers = TimerHeap()
        var handlers: [UInt64: any SocketEventHandler] = [:]
        var nextToken: UInt64 = 1
        /// The time until which the thread sleeps, or nil while it is awake and will check the state before it sleeps.
        var sleepingUntil: MonotonicTime?
        var isShutDown = false
        /// Whether `sweepIfShutDown` has run.
        var isSwept = false
        /// Whether a thread is running.
        var isRunning = true
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
    }

    let poller: Poller
    let clock: LoopClock
    private let name: String
    private let state = Lock(State())
    /// The number of work items after which sockets are checked again, so that neither starves the other.
    private static let turn = 64

    init(name: String, clock: LoopClock) throws(TransportError) {
        self.name = name
        self.clock = clock
        self.poller = try Poller()
        clock.loopBegins(self)
    }

    func start() throws(TransportError) {
        try LoopThread.start(named: self.name) { LoopThread.enter(self) { self.run() } }
    }

    // MARK: From any thread

    func give(_ work: Work) {
        let wakes = self.state.withLock { state in
            state.inbox.append(work)
            return Self.wakingNeeded(&state)
        }
        self.wake(wakes)
    }

    func schedule(at deadline: MonotonicTime, _ body: @escaping TimerHeap.Body) -> TimerHeap.Key {
        let (key, wakes) = self.state.withLock { state in
            let key = state.timers.insert(deadline: deadline, body)
            if let sleepingUntil = state.sleepingUntil, deadline >= sleepingUntil { return (key, Waking.none) }
            return (key, Self.wakingNeeded(&state))
        }
        self.wake(wakes)
        return key
    }

    func cancel(_ key: TimerHeap.Key) {
        // The body's captures are released outside of the lock.
        let (body, wakes) = self.state.withLock { state -> (TimerHeap.Body?, Waking) in
            let body = state.timers.remove(key)
            // This may have been the last timer of a loop that is shut down, whose thread can end now.
            let isLast = state.isSwept && state.isRunning && state.timers.isEmpty
            return (body, isLast ? Self.wakingNeeded(&state) : .none)
        }
        withExtendedLifetime(body) {}
        self.wake(wakes)
    }

    func shutdown() {
        let wakes = self.state.withLock { state in
            state.isShutDown = true
            return state.isRunning ? Self.wakingNeeded(&state) : .none
        }
        self.wake(wakes)
    }

    var isShutDown: Bool { self.state.withLock { $0.isShutDown } }

    func whenEnded(_ continuation: CheckedContinuation<Void, Never>) {
        let hasEnded = self.state.withLock { state in
            if state.isRunning { state.waitingForEnd.append(continuation) }
            return !state.isRunning
        }
        if hasEnded { continuation.resume() }
    }

    private enum Waking { case none, poller, thread }

    private static func wakingNeeded(_ state: inout State) -> Waking {
        guard state.isRunning else {
            state.isRunning = true
            return .thread
        }
        guard state.sleepingUntil != nil else { return .none }
        state.sleepingUntil = nil
        return .poller
    }

    private func wake(_ waking: Waking) {
        switch waking {
        case .none:
            break
        case .poller:
            self.poller.wake()
        case .thread:
            do {
                try self.start()
            } catch {
                // The loop has ended and the system can't create a thread, so run on the concurrency pool. Don't run on
                // the calling thread, because the caller may hold a lock that the work needs.
                Task.detached { LoopThread.enter(self) { self.run() } }
            }
        }
    }

    // MARK: Sockets

    /// Watches a socket and retains `handler` until `unwatch`. The returned token identifies the registration.
    func watch(
        _ descriptor: Int32, interest: Interest, handler: any SocketEventHandler
    ) throws(TransportError) -> UInt64 {
        let token: UInt64? = self.state.withLock { state in
            guard !state.isShutDown else { return nil }
            defer { state.nextToken += 1 }
            state.handlers[state.nextToken] = handler
            return state.nextToken
        }
        guard let token else { throw .closedLocally }
        do {
            try self.poller.update(descriptor, token: token, from: .nothing, to: interest)
        } catch {
            self.forget(token)
            throw error
        }
        return token
    }

    /// Changes the events that a socket is watched for. The caller must keep the descriptor open meanwhile.
    func update(_ descriptor: Int32, token: UInt64, from old: Interest, to new: Interest) throws(TransportError) {
        try self.poller.update(descriptor, token: token, from: old, to: new)
    }

    /// Stops watching, before the descriptor is closed. The handler may still be called for pending events.
    func unwatch(_ descriptor: Int32, token: UInt64, interest: Interest) {
        try? self.poller.update(descriptor, token: token, from: interest, to: .nothing)
        self.forget(token)
    }

    private func forget(_ token: UInt64) {
        let handler = self.state.withLock { $0.handlers.removeValue(forKey: token) }
        withExtendedLifetime(handler) {}
    }

    // MARK: The thread

    private func run() {
        var batch: [Work] = []
        while let timeout = self.timeoutOfNextWait() {
            self.poller.wait(timeout: timeout) { token, event in
                let handler = self.state.withLock { state in
                    state.sleepingUntil = nil
                    return state.handlers[token]
                }
                handler?.socketReady(event)
            }
            self.runDueTimers()
            self.runWork(&batch)
            self.sweepIfShutDown()
        }
    }

    /// Returns the number of milliseconds to wait for sockets: 0 if there is work, -1 to wait indefinitely, or nil if
    /// the loop is shut down and has no work left.
    private func timeoutOfNextWait() -> Int32? {
        let (timeout, ended) = self.state.withLock { state -> (Int32?, [CheckedContinuation<Void, Never>]) in
            guard state.inbox.isEmpty, state.isSwept || !state.isShutDown else { return (0, []) }
            guard let earliest = state.timers.earliest else {
                guard state.isSwept else {
                    state.sleepingUntil = MonotonicTime(nanoseconds: .max)
                    return (-1, [])
                }
                state.isRunning = false
                defer { state.waitingForEnd = [] }
                return (nil, state.waitingForEnd)
            }
            let now = self.clock.now
            guard earliest > now else { return (0, []) }
            state.sleepingUntil = earliest
            guard self.clock.passesByItself else { return (-1, []) }
            // Rounded up, so that the timer is due when the wait ends. Limited to an hour, after which the loop waits
            // again.
            let hour = now + .seconds(3600)
            return (Int32((min(earliest, hour).nanoseconds - now.nanoseconds + 999_999) / 1_000_000), [])
        }
        for continuation in ended { continuation.resume() }
        return timeout
    }

    private func runDueTimers() {
        // Runs the timers that are due now. Those that they schedule run in a later turn.
        let now = self.clock.now
        while true {
            let body: TimerHeap.Body? = self.state.withLock { state in
                state.sleepingUntil = nil
                return state.timers.popDue(now: now)
            }
            guard let body else { return }
            body()
        }
    }

    /// Runs the submitted work. `batch` is empty before and after. Swapping it with the inbox keeps both capacities.
    private func runWork(_ batch: inout [Work]) {
        var done = 0
        while done < Self.turn {
            self.state.withLock { swap(&$0.inbox, &batch) }
            if batch.isEmpty { return }
            for work in batch { Self.run(work) }
            done += batch.count
            batch.removeAll(keepingCapacity: true)
        }
    }

    private static func run(_ work: Work) {
        switch work {
        case .job(let job, let loop): job.runSynchronously(on: loop.asUnownedTaskExecutor())
        case .body(let body): body()
        }
    }

    /// Completes the shutdown: runs the submitted work, ends the sockets' handlers and fires all timers.
    private func sweepIfShutDown() {
        let given: [Work]? = self.state.withLock { state in
            guard state.isShutDown, !state.isSwept else { return nil }
            state.isSwept = true
            defer { state.inbox = [] }
            return state.inbox
        }
        guard let given else { return }
        for work in given { Self.run(work) }
        let handlers = self.state.withLock { Array($0.handlers.values) }
        for handler in handlers { handler.loopEnds() }
        let timers = self.state.withLock { $0.timers.removeAll() }
        for body in timers { body() }
    }
}

extension LoopCore: DrivenLoop {
    var nextDeadline: MonotonicTime? { self.state.withLock { $0.timers.earliest } }

    var isIdle: Bool {
        let (isEnded, isAsleep) = self.state.withLock { state in
            (state.inbox.isEmpty && !state.isRunning, state.inbox.isEmpty && state.sleepingUntil != nil)
        }
        // Nobody takes the events of a loop that has ended. A thread that wakes it may be late, and leave one.
        return isEnded || isAsleep && !self.poller.hasEvents
    }

    func timeHasChanged() {
        let wakes = self.state.withLock { state in
            state.isRunning ? Self.wakingNeeded(&state) : .none
        }
        self.wake(wakes)
    }
}
