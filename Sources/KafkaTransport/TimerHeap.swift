// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A priority queue of timers by deadline. Timers with equal deadlines keep the order in which they were inserted.
///
/// It is a binary heap that knows the position of each timer, so that cancelling removes it at once: a program that
/// sets and cancels a deadline for each of a million requests keeps none of them. A pure value.
package struct TimerHeap {
    package typealias Body = @Sendable () -> Void

    /// Identifies a timer, even after its slot has been reused.
    package struct Key: Hashable, Sendable {
        fileprivate let slot: Int
        fileprivate let order: UInt64
    }

    private struct Entry {
        let deadline: MonotonicTime
        let order: UInt64
        let slot: Int

        func isBefore(_ other: Entry) -> Bool {
            self.deadline == other.deadline ? self.order < other.order : self.deadline < other.deadline
        }
    }

    private struct Slot {
        /// The index of the entry in the heap.
        var position: Int
        var order: UInt64
        /// The body, or nil while the slot is free.
        var body: Body?
    }

    private var entries: [Entry] = []
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var nextOrder: UInt64 = 0

    package init() {}

    package var count: Int { self.entries.count }
    package var isEmpty: Bool { self.entries.isEmpty }
    package var earliest: MonotonicTime? { self.entries.first?.deadline }

    package mutating func insert(deadline: MonotonicTime, _ body: @escaping Body) -> Key {
        let order = self.nextOrder
        self.nextOrder += 1
        let taken = Slot(position: self.entries.count, order: order, body: body)
        let slot: Int
        if let free = self.freeSlots.popLast() {
            slot = free
            self.slots[slot] = taken
        } else {
            slot = self.slots.count
            self.slots.append(taken)
        }
        self.entries.append(Entry(deadline: deadline, order: order, slot: slot))
        self.siftUp(self.entries.count - 1)
        return Key(slot: slot, order: order)
    }

    /// Removes a timer and returns its body, or nil if it has run or was removed before.
    package mutating func remove(_ key: Key) -> Body? {
        let slot = self.slots[key.slot]
        guard slot.order == key.order, slot.body != nil else { return nil }
        return self.removeEntry(at: slot.position)
    }

    /// Removes and returns the first timer if it is due.
    package mutating func popDue(now: MonotonicTime) -> Body? {
        guard let first = self.entries.first, first.deadline <= now else { return nil }
        return self.removeEntry(at: 0)
    }

    /// Removes all timers and returns their bodies, earliest first.
    package mutating func removeAll() -> [Body] {
        var bodies: [Body] = []
        while !self.entries.isEmpty {
            if let body = self.removeEntry(at: 0) { bodies.append(body) }
        }
        return bodies
    }

    private mutating func removeEntry(at position: Int) -> Body? {
        let removed = self.entries[position]
        let last = self.entries.removeLast()
        if position < self.entries.count {
            self.place(last, at: position)
            self.siftDown(position)
            self.siftUp(position)
        }
        self.freeSlots.append(removed.slot)
        let body = self.slots[removed.slot].body
        self.slots[removed.slot].body = nil
        return body
    }

    private mutating func place(_ entry: Entry, at position: Int) {
        self.entries[position] = entry
        self.slots[entry.slot].position = position
    }

    private mutating func siftUp(_ start: Int) {
        let entry = self.entries[start]
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard entry.isBefore(self.entries[parent]) else { break }
            self.place(self.entries[parent], at: child)
            child = parent
        }
        self.place(entry, at: child)
    }

    private mutating func siftDown(_ start: Int) {
        let entry = self.entries[start]
        var parent = start
        while true {
            var child = 2 * parent + 1
            guard child < self.entries.count else { break }
            if child + 1 < self.entries.count, self.entries[child + 1].isBefore(self.entries[child]) { child += 1 }
            guard self.entries[child].isBefore(entry) else { break }
            self.place(self.entries[child], at: parent)
            parent = child
        }
        self.place(entry, at: parent)
    }
}
