// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// Something that the loop does at a time, unless it is cancelled before.
package final class LoopTimer: Sendable {
    let deadline: MonotonicTime
    private let body: Lock<(@Sendable () -> Void)?>
    private let onCancel: @Sendable () -> Void

    init(
        deadline: MonotonicTime, body: @escaping @Sendable () -> Void, onCancel: @escaping @Sendable () -> Void
    ) {
        self.deadline = deadline
        self.body = Lock(body)
        self.onCancel = onCancel
    }

    /// What to do, once: nil if it was done or cancelled.
    func take() -> (@Sendable () -> Void)? {
        self.body.withLock { body in
            defer { body = nil }
            return body
        }
    }

    var isPending: Bool { self.body.withLock { $0 != nil } }

    /// From now on the timer does nothing, unless it is at it already. May be called from any thread, and again.
    package func cancel() {
        if self.take() != nil { self.onCancel() }
    }
}

/// Timers by deadline; those with equal deadlines in the order of their making. A binary heap.
struct TimerHeap {
    private struct Entry {
        let deadline: MonotonicTime
        let order: UInt64
        let timer: LoopTimer

        func isBefore(_ other: Entry) -> Bool {
            self.deadline == other.deadline ? self.order < other.order : self.deadline < other.deadline
        }
    }

    private var entries: [Entry] = []
    private var nextOrder: UInt64 = 0
    private var cancelled = 0

    var count: Int { self.entries.count }

    var earliest: MonotonicTime? { self.entries.first?.deadline }

    mutating func insert(_ timer: LoopTimer) {
        self.entries.append(Entry(deadline: timer.deadline, order: self.nextOrder, timer: timer))
        self.nextOrder += 1
        self.siftUp(self.entries.count - 1)
    }

    /// Takes the first timer out if it is due.
    mutating func popDue(now: MonotonicTime) -> LoopTimer? {
        guard let first = self.entries.first, first.deadline <= now else { return nil }
        let last = self.entries.removeLast()
        if !self.entries.isEmpty {
            self.entries[0] = last
            self.siftDown(0)
        }
        if !first.timer.isPending { self.cancelled = max(0, self.cancelled - 1) }
        return first.timer
    }

    /// Notes that a timer in here was cancelled. When most are, they are thrown out, so that a program which sets a
    /// deadline for each of a million short requests keeps only a few.
    mutating func noteCancelled() {
        self.cancelled += 1
        guard self.cancelled > 64, self.cancelled > self.entries.count / 2 else { return }
        self.entries.removeAll { !$0.timer.isPending }
        self.cancelled = 0
        for index in stride(from: self.entries.count / 2, through: 0, by: -1) { self.siftDown(index) }
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.entries[child].isBefore(self.entries[parent]) else { return }
            self.entries.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var first = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < self.entries.count {
                if self.entries[child].isBefore(self.entries[first]) { first = child }
            }
            guard first != parent else { return }
            self.entries.swapAt(parent, first)
            parent = first
        }
    }
}
