// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import CMalloc

/// What lies on the heap of this process: Swift's objects and the system libraries'.
package enum HeapUse {
    /// In bytes; nil where the system does not say.
    private static var bytes: Int? {
        #if THREAD_SANITIZER
        nil  // It has a heap of its own.
        #else
        kafka_heap_bytes() < 0 ? nil : kafka_heap_bytes()
        #endif
    }

    /// By how many bytes each run of `body` makes the heap grow: the median of five windows of `count` runs each. What leaks does
    /// so in each window. What a thread's cache of freed memory takes up, and what earlier tests give back, is in one or
    /// two of them. The first runs, which fill what is made once, don't count. 0 where the system does not say.
    package static func growth(of count: Int, _ body: () async throws -> Void) async throws -> Int {
        for _ in 0..<count / 4 { try await body() }
        var windows: [Int] = []
        for _ in 0..<5 {
            let before = Self.bytes
            for _ in 0..<count { try await body() }
            guard let before, let after = Self.bytes else { return 0 }
            windows.append((after - before) / count)
        }
        return windows.sorted()[2]
    }
}
