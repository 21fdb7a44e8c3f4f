// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A reference-counted block of memory, which `Bytes` values are slices of.
///
/// Large blocks come from `BufferPool` and return to it, because mapping fresh pages costs more than most uses of them.
///
/// It is `@unchecked Sendable` by this rule: the code that creates a storage is the only one to write to it, and a
/// range is never written again once a `Bytes` over it exists.
@usableFromInline
package final class ByteStorage: @unchecked Sendable {
    /// The address of the first byte.
    @usableFromInline
    package let base: UnsafeMutableRawPointer
    /// The number of bytes that can be written.
    @usableFromInline
    package let capacity: Int
    private let isPooled: Bool

    /// Creates a block of at least `minimumCapacity` uninitialized bytes.
    ///
    /// - Parameter isPooled: Whether it may be a block of the pool. One that is only used once would lie idle there.
    package init(minimumCapacity: Int, isPooled: Bool = true) {
        if isPooled, let block = BufferPool.shared.take(atLeast: minimumCapacity) {
            self.base = block.base
            self.capacity = block.capacity
            self.isPooled = true
        } else {
            self.capacity = max(minimumCapacity, 1)
            self.base = PageMemory.allocate(self.capacity)
            self.isPooled = false
        }
    }

    deinit {
        if self.isPooled {
            BufferPool.shared.give(BufferPool.Block(base: self.base, capacity: self.capacity))
        } else {
            PageMemory.deallocate(self.base, self.capacity)
        }
    }

    /// The storage of all empty `Bytes`.
    package static let empty = ByteStorage(minimumCapacity: 1)
}
