// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import CMalloc
import Foundation

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

    /// Returns by how many bytes the memory of the process grew at most during `body`, or nil where the system doesn't report it.
    /// Memory that was freed before and that the process has kept isn't counted.
    package static func peak(of body: () throws -> Void) rethrows -> Int? {
        #if os(Linux)
        // Sets the greatest size back to the present one.
        guard let file = fopen("/proc/self/clear_refs", "w") else { return nil }
        fputs("5", file)
        guard fclose(file) == 0, let before = Self.status("VmRSS") else { return nil }
        try body()
        return Self.status("VmHWM").map { $0 - before }
        #else
        try body()
        return nil
        #endif
    }

    #if os(Linux)
    /// Returns a size in bytes that the system reports of this process.
    private static func status(_ name: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        return line?.split { !$0.isNumber }.first.flatMap { Int($0) }.map { $0 * 1024 }
    }
    #endif

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
