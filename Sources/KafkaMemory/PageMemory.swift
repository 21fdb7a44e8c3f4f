// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Memory in whole pages of its own, which go back to the system when they are freed. The allocator of the C library keeps large blocks that
/// were freed, in amounts that depend on the order of the calls.
enum PageMemory {
    /// The smallest block that is worth pages of its own.
    static let smallest = 1 << 20

    /// Allocates `count` bytes, in pages of their own from `smallest` on. Ends the process if there is no memory, as the allocator does.
    static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        guard count >= self.smallest else { return .allocate(byteCount: count, alignment: 16) }
        let block = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | self.anonymous, -1, 0)
        guard let block, block != MAP_FAILED else {
            fatalError("There is no memory for \(count) bytes: error \(errno)")
        }
        return block
    }

    /// Frees what `allocate` returned for `count` bytes.
    static func deallocate(_ block: UnsafeMutableRawPointer, _ count: Int) {
        if count >= self.smallest { munmap(block, count) } else { block.deallocate() }
    }

    #if canImport(Darwin)
    private static let anonymous = MAP_ANON
    #else
    private static let anonymous = MAP_ANONYMOUS
    #endif
}
