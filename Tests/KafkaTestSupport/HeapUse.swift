// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import CMalloc

/// The heap usage of this process, including Swift objects and system libraries.
package enum HeapUse {
    /// The number of bytes in use, or nil where the system doesn't report it.
    package static var bytes: Int? {
        #if THREAD_SANITIZER
        nil  // Thread Sanitizer has its own heap.
        #else
        kafka_heap_bytes() < 0 ? nil : kafka_heap_bytes()
        #endif
    }

    /// Returns by how many bytes each run of `body` grows the heap: the median of five windows of `count` runs each. A
    /// leak grows every window; a thread's cache of freed memory and memory released by earlier tests affect only one
    /// or two. Runs before the first window initialize what is created once. Returns 0 where the system doesn't report
    /// heap usage.
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
