// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Musl)
import Musl
#elseif canImport(Glibc)
import Glibc
#endif

/// The threads of this process other than the calling one.
enum OtherThreads {
    /// Whether all of them are waiting, and none is running or ready to run. True where the system doesn't report it.
    static var areWaiting: Bool {
        #if os(Linux)
        guard let threads = opendir("/proc/self/task") else { return true }
        defer { closedir(threads) }
        var atWork = 0
        while let entry = readdir(threads) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix("."), Self.isAtWork(name) { atWork += 1 }
        }
        // The calling thread is running.
        return atWork <= 1
        #else
        return true
        #endif
    }

    #if os(Linux)
    private static func isAtWork(_ thread: String) -> Bool {
        let file = open("/proc/self/task/\(thread)/stat", O_RDONLY | O_CLOEXEC)
        // The thread has ended.
        guard file >= 0 else { return false }
        defer { close(file) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
            let count = read(file, buffer.baseAddress, buffer.count)
            // The format is `number (name) state …`, where the name may contain any text.
            guard count > 0, let end = buffer[0..<count].lastIndex(of: UInt8(ascii: ")")), end + 2 < count else {
                return false
            }
            return buffer[end + 2] == UInt8(ascii: "R") || buffer[end + 2] == UInt8(ascii: "D")
        }
    }
    #endif
}
