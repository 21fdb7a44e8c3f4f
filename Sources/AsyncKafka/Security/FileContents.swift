// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Reads small files: certificates, keys, tokens.
package enum FileContents {
    /// The attributes that change when a file is modified or replaced.
    struct Stamp: Hashable {
        var seconds: Int
        var nanoseconds: Int
        var size: Int64
        var node: UInt64
    }

    /// The default size limit in bytes, far above the size of any certificate bundle.
    package static let limit = 16 << 20

    /// Returns the file's attributes, or nil if it doesn't exist.
    static func stamp(of path: String) -> Stamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        return Stamp(
            seconds: Int(time.tv_sec), nanoseconds: Int(time.tv_nsec), size: Int64(status.st_size),
            node: UInt64(status.st_ino))
    }

    /// Returns the contents of a file.
    ///
    /// - Parameters:
    ///   - path: The file's path.
    ///   - what: What the file contains, for error messages.
    ///   - limit: The maximum size in bytes.
    package static func read(
        _ path: String, _ what: String, limit: Int = FileContents.limit
    ) throws(KafkaError) -> Bytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path, what) }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 1)
        defer { chunk.deallocate() }
        while true {
            #if canImport(Darwin)
            let count = Darwin.read(descriptor, chunk.baseAddress, chunk.count)
            #elseif canImport(Musl)
            let count = Musl.read(descriptor, chunk.baseAddress, chunk.count)
            #else
            let count = Glibc.read(descriptor, chunk.baseAddress, chunk.count)
            #endif
            if count == 0 { return Bytes(contents) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path, what) }
            contents += chunk.prefix(count)
            guard contents.count <= limit else {
                throw .invalidConfiguration("The file \(path) (\(what)) is too large for what it should be.")
            }
        }
    }

    private static func failure(_ path: String, _ what: String) -> KafkaError {
        let code = errno
        let reason = code == ENOENT ? "it doesn't exist" : code == EACCES ? "permission denied" : "error \(code)"
        return .invalidConfiguration("The file \(path) (\(what)) can't be read: \(reason).")
    }
}
