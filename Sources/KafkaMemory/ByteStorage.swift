// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A block of memory with a reference count: what `Bytes` are slices of.
///
/// Large blocks come from `BufferPool` and go back to it, since
/// freshly mapped pages cost more than what is done with them.
///
/// Sharing rule (why `@unchecked Sendable` is right): whoever makes a storage fills it alone; once a `Bytes` over a
/// range exists, that range is never written again.
@usableFromInline
package final class ByteStorage: @unchecked Sendable {
    /// The first byte.
    @usableFromInline
    package let base: UnsafeMutableRawPointer
    /// How many bytes may be written.
    @usableFromInline
    package let capacity: Int
    private let isPooled: Bool

    /// A block of at least `minimumCapacity` bytes, uninitialised.
    package init(minimumCapacity: Int) {
        if let block = BufferPool.shared.take(atLeast: minimumCapacity) {
            self.base = block.base
            self.capacity = block.capacity
            self.isPooled = true
        } else {
            self.capacity = max(minimumCapacity, 1)
            self.base = .allocate(byteCount: self.capacity, alignment: 16)
            self.isPooled = false
        }
    }

    deinit {
        if self.isPooled {
            BufferPool.shared.give(BufferPool.Block(base: self.base, capacity: self.capacity))
        } else {
            self.base.deallocate()
        }
    }

    /// The storage of every empty `Bytes`.
    package static let empty = ByteStorage(minimumCapacity: 1)
}
