// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A double-ended queue in a ring buffer. Adding and removing at either end moves no other element.
package struct Deque<Element> {
    private var slots: [Element?] = []
    private var head = 0
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { self.count == 0 }

    package var first: Element? { self.isEmpty ? nil : self.slots[self.head] }

    package var last: Element? { self.isEmpty ? nil : self[self.count - 1] }

    /// The element at `index`, counted from the front.
    package subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < self.count, "Index out of range")
            return self.slots[(self.head + index) & (self.slots.count - 1)]!
        }
        set {
            precondition(index >= 0 && index < self.count, "Index out of range")
            self.slots[(self.head + index) & (self.slots.count - 1)] = newValue
        }
    }

    package mutating func append(_ element: Element) {
        if self.count == self.slots.count { self.grow() }
        self.slots[(self.head + self.count) & (self.slots.count - 1)] = element
        self.count += 1
    }

    package mutating func prepend(_ element: Element) {
        if self.count == self.slots.count { self.grow() }
        self.head = (self.head - 1) & (self.slots.count - 1)
        self.slots[self.head] = element
        self.count += 1
    }

    package mutating func popFirst() -> Element? {
        guard self.count > 0 else { return nil }
        let element = self.slots[self.head]
        self.slots[self.head] = nil
        self.head = (self.head + 1) & (self.slots.count - 1)
        self.count -= 1
        return element
    }

    /// Removes all elements and returns them in order.
    package mutating func removeAll() -> [Element] {
        let elements = Array(self)
        self = Deque()
        return elements
    }

    private mutating func grow() {
        var larger: [Element?] = []
        let capacity = Swift.max(8, 2 * self.slots.count)
        larger.reserveCapacity(capacity)
        for index in 0..<self.count { larger.append(self[index]) }
        while larger.count < capacity { larger.append(nil) }
        self.slots = larger
        self.head = 0
    }
}

extension Deque: Sequence {
    package struct Iterator: IteratorProtocol {
        private let deque: Deque
        private var index = 0

        init(_ deque: Deque) {
            self.deque = deque
        }

        package mutating func next() -> Element? {
            guard self.index < self.deque.count else { return nil }
            defer { self.index += 1 }
            return self.deque[self.index]
        }
    }

    package func makeIterator() -> Iterator { Iterator(self) }
}

extension Deque: Sendable where Element: Sendable {}
