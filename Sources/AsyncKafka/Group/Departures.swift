// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import KafkaMemory
import KafkaTransport

/// The requests with which a consumer leaves its group. They are sent beside everything else, and closing waits for them: a request
/// that was cancelled with something else would leave a member behind that nobody is, until its session ends.
final class Departures: Sendable {
    private struct Departure: Sendable {
        let leaveNotice: LeaveNotice
        let deadline: MonotonicTime
        let end = Promise<Void>()
    }

    private struct State {
        /// Those that aren't sent yet.
        var due: [Departure] = []
        /// How many have begun and not ended.
        var count = 0
        /// Whether `run` has ended, so that nothing is sent anymore.
        var isOver = false
    }

    /// The maximum time of one attempt to leave the group.
    static let patience = Duration.seconds(5)

    private let loop: EventLoop
    private let state = Lock(State())
    /// Wakes `run`.
    private let added = Signal()
    /// Wakes the task that closes the consumer.
    private let ended = Signal()

    init(on loop: EventLoop) {
        self.loop = loop
    }

    /// Begins to leave the group, and returns a promise of the end. Nobody has to wait for it.
    ///
    /// - Parameter decide: changes the membership, and returns the notice to send, if any. Closing waits from before the change on.
    /// - Returns: nil if nothing is sent.
    @discardableResult
    func begin(until deadline: MonotonicTime, _ decide: () -> LeaveNotice?) -> Promise<Void>? {
        self.state.withLock { $0.count += 1 }
        guard let leaveNotice = decide() else {
            self.end()
            return nil
        }
        let departure = Departure(leaveNotice: leaveNotice, deadline: deadline)
        let isSent = self.state.withLock { state in
            if !state.isOver { state.due.append(departure) }
            return !state.isOver
        }
        guard isSent else {
            self.end()
            return nil
        }
        self.added.notify()
        return departure.end
    }

    /// Leaves the group. Returns when it knows, at the deadline, or when the task is cancelled, which only ends the wait.
    func leave(until deadline: MonotonicTime, _ decide: () -> LeaveNotice?) async {
        try? await self.begin(until: deadline, decide)?.value()
    }

    /// Waits until all that has begun has ended.
    func finished(until deadline: MonotonicTime) async {
        while self.state.withLock({ $0.count > 0 }), self.loop.now < deadline {
            await self.ended.wait(until: deadline, on: self.loop)
        }
    }

    /// Sends what is due, until the task is cancelled.
    func run(_ send: @escaping @Sendable (LeaveNotice, _ deadline: MonotonicTime) async -> Void) async {
        await withDiscardingTaskGroup { tasks in
            while !Task.isCancelled {
                // Each in a task of its own, so that one which hangs delays no other.
                for departure in self.takeDue() {
                    tasks.addTask(executorPreference: self.loop) {
                        await send(departure.leaveNotice, departure.deadline)
                        self.end(departure)
                    }
                }
                await self.added.wait(on: self.loop)
            }
        }
        self.state.withLock { $0.isOver = true }
        for departure in self.takeDue() { self.end(departure) }
    }

    private func takeDue() -> [Departure] {
        self.state.withLock { state in
            defer { state.due = [] }
            return state.due
        }
    }

    private func end(_ departure: Departure) {
        departure.end.fulfill(.success(()))
        self.end()
    }

    private func end() {
        self.state.withLock { $0.count -= 1 }
        self.ended.notify()
    }
}
