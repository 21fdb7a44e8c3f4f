// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A pool of large memory blocks for reuse, in power-of-two size classes from 32 KiB to 8 MiB.
///
/// The pool keeps at most `limit` idle bytes. Beyond that it frees blocks of other sizes than the one that was returned last, which is the
/// size that is in use.
package final class BufferPool: Sendable {
    /// A block of memory. `@unchecked Sendable`, because only the code that took a block has its address.
    package struct Block: @unchecked Sendable {
        package var base: UnsafeMutableRawPointer
        package var capacity: Int
    }

    private struct State {
        var free: [[Block]]
        var bytes = 0

        /// Removes blocks of other sizes until at most `limit` bytes are left, if that is possible.
        mutating func makeRoom(_ limit: Int, sparing size: Int) -> [Block] {
            var removed: [Block] = []
            for other in self.free.indices where other != size {
                while self.bytes > limit, let block = self.free[other].popLast() {
                    self.bytes -= block.capacity
                    removed.append(block)
                }
            }
            return removed
        }
    }

    private static let smallestClass = 15
    private static let largestClass = 23

    package static let shared = BufferPool(limit: 8 << 20)

    private let limit: Int
    private let state: Lock<State>

    package init(limit: Int) {
        self.limit = limit
        self.state = Lock(State(free: Array(repeating: [], count: Self.largestClass - Self.smallestClass + 1)))
    }

    /// The number of bytes that are idle in the pool.
    package var idleBytes: Int {
        self.state.withLock { $0.bytes }
    }

    /// Returns a block of at least `capacity` bytes, or nil if the pool doesn't keep blocks of that size.
    package func take(atLeast capacity: Int) -> Block? {
        guard capacity > 1 << (Self.smallestClass - 1), capacity <= 1 << Self.largestClass else { return nil }
        let exponent = max(Self.smallestClass, Int.bitWidth - (capacity - 1).leadingZeroBitCount)
        let reused: Block? = self.state.withLock { state in
            guard let block = state.free[exponent - Self.smallestClass].popLast() else { return nil }
            state.bytes -= block.capacity
            return block
        }
        return reused ?? Block(base: PageMemory.allocate(1 << exponent), capacity: 1 << exponent)
    }

    /// Returns a block that came from `take` to the pool.
    package func give(_ block: Block) {
        let size = Int.bitWidth - (block.capacity - 1).leadingZeroBitCount - Self.smallestClass
        let unwanted = self.state.withLock { state in
            let isKept = (state.free[size].count + 1) * block.capacity <= self.limit
            var unwanted = isKept ? state.makeRoom(self.limit - block.capacity, sparing: size) : []
            guard state.bytes + block.capacity <= self.limit else {
                unwanted.append(block)
                return unwanted
            }
            state.free[size].append(block)
            state.bytes += block.capacity
            return unwanted
        }
        for block in unwanted { PageMemory.deallocate(block.base, block.capacity) }
    }
}
