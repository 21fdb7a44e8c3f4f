// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if Zstd || LZ4
import KafkaMemory

/// A pool of a codec's contexts for reuse.
///
/// A context takes a hundred kilobytes or much more, and creating one can cost more than compressing a small batch.
struct ContextPool: Sendable {
    /// `@unchecked Sendable`, because only the code that took a context uses it.
    private struct Context: @unchecked Sendable {
        var pointer: OpaquePointer
    }

    /// The maximum number of idle contexts.
    private static let limit = 4

    private let make: @Sendable () -> OpaquePointer?
    private let free: @Sendable (OpaquePointer) -> Void
    private let idle = Lock<[Context]>([])

    init(make: @escaping @Sendable () -> OpaquePointer?, free: @escaping @Sendable (OpaquePointer) -> Void) {
        self.make = make
        self.free = free
    }

    /// Returns an idle or new context, or nil if memory has run out.
    func take() -> OpaquePointer? {
        let reused = self.idle.withLock { $0.popLast() }
        return reused?.pointer ?? self.make()
    }

    /// Returns a context to the pool. Pass `isKept` false for a context that has grown too large.
    func give(_ pointer: OpaquePointer, isKept: Bool) {
        let context = Context(pointer: pointer)
        let hasRoom = self.idle.withLock { idle in
            guard isKept, idle.count < Self.limit else { return false }
            idle.append(context)
            return true
        }
        if !hasRoom { self.free(pointer) }
    }
}
#endif
