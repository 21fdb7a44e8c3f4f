// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Finds the least loaded member of a class of members.
///
/// A binary heap with an entry per change of a load. Entries of former loads are dropped when they come up.
struct LoadQueue {
    private var entries: [Int] = []

    /// Adds a member with its load. Loads and member numbers are below 2^31.
    mutating func insert(_ member: Int, load: Int) {
        self.entries.append(load << 32 | member)
        var index = self.entries.count - 1
        while index > 0, self.entries[index] < self.entries[(index - 1) / 2] {
            self.entries.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// The member with the lowest load, and of several the one with the lowest number. `loads` are the present loads.
    mutating func first(_ loads: [Int]) -> Int? {
        while let entry = self.entries.first {
            let member = entry & 0xFFFF_FFFF
            if loads[member] == entry >> 32 { return member }
            self.removeFirst()
        }
        return nil
    }

    private mutating func removeFirst() {
        let last = self.entries.removeLast()
        guard !self.entries.isEmpty else { return }
        self.entries[0] = last
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < self.entries.count else { return }
            if child + 1 < self.entries.count, self.entries[child + 1] < self.entries[child] { child += 1 }
            guard self.entries[child] < self.entries[index] else { return }
            self.entries.swapAt(index, child)
            index = child
        }
    }
}
