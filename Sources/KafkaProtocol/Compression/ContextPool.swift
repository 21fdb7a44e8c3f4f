// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if Zstd || LZ4
import KafkaMemory

/// Keeps a few of a codec's contexts for reuse: one holds a hundred kilobytes or many more, and making it can cost more than
/// a small batch does.
struct ContextPool: Sendable {
    /// Only ever used by who took it.
    private struct Context: @unchecked Sendable {
        var pointer: OpaquePointer
    }

    /// How many are kept.
    private static let limit = 4

    private let make: @Sendable () -> OpaquePointer?
    private let free: @Sendable (OpaquePointer) -> Void
    private let idle = Lock<[Context]>([])

    init(make: @escaping @Sendable () -> OpaquePointer?, free: @escaping @Sendable (OpaquePointer) -> Void) {
        self.make = make
        self.free = free
    }

    /// A context, perhaps used before; nil if there is no memory for one.
    func take() -> OpaquePointer? {
        let reused = self.idle.withLock { $0.popLast() }
        return reused?.pointer ?? self.make()
    }

    /// Takes a context back. One that has grown too large should not be kept.
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
