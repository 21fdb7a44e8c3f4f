// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A standard stream of the process, which is written without buffering of its own.
struct StandardStream: Sendable {
    /// The reader of a pipe has ended, which is no error: `async-kafka consume orders | head`.
    struct ReaderHasGone: Error {}

    static let output = StandardStream(descriptor: STDOUT_FILENO)
    static let errors = StandardStream(descriptor: STDERR_FILENO)

    let descriptor: Int32

    /// Writes a line.
    func writeLine(_ line: String) throws {
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        try self.write(bytes)
    }

    /// Writes all bytes.
    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = systemWrite(self.descriptor, UnsafeRawBufferPointer(rebasing: rest))
                if count < 0 {
                    if errno == EINTR { continue }
                    if errno == EAGAIN {
                        // Another process has made the pipe non-blocking.
                        var room = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
                        poll(&room, 1, -1)
                        continue
                    }
                    if errno == EPIPE { throw ReaderHasGone() }
                    throw Failure("Can't write the output: \(String(cString: strerror(errno))).")
                }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Writes a line to standard error. Nothing can be done if that fails.
    static func complain(_ line: String) {
        try? Self.errors.writeLine(line.onOneLine)
    }

    /// Opens the standard streams that are closed, in the direction in which they can't be used. A connection would take their
    /// place otherwise, and be sent the output.
    static func reserve() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
