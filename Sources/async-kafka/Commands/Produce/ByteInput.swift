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

/// A file or standard input, read a piece at a time. Ctrl-C ends the reading, which looks like the end of the input.
struct ByteInput: ~Copyable {
    /// The maximum size of a line or value. Brokers accept no record of this size.
    static let maximumCount = 1 << 30

    private let path: String
    private let descriptor: Int32
    private let stop: StopSignal
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    /// Opens a file. The path `-` stands for standard input.
    init(_ path: String, stop: StopSignal) throws {
        self.path = path == "-" ? "standard input" : path
        self.stop = stop
        self.descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard self.descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw Failure("Can't open \(path): \(reason).")
        }
    }

    deinit { close(self.descriptor) }

    /// Returns the next line without its line break, or nil at the end. It must be gone before the next call, which would copy
    /// the buffer otherwise.
    mutating func line() throws -> ArraySlice<UInt8>? {
        var searched = self.position
        while true {
            if let end = self.buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                var line = self.buffer[self.position..<end]
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                self.position = end + 1
                return line
            }
            let unread = self.buffer.count - self.position
            guard try self.fill() else {
                // What was typed before Ctrl-C is no complete line.
                guard unread > 0, !self.stop.isRequested else { return nil }
                defer { self.position = self.buffer.count }
                return self.buffer[self.position...]
            }
            searched = self.position + unread
        }
    }

    /// Returns the next bytes: fewer at the end, and nil if Ctrl-C came before them.
    mutating func bytes(_ count: Int) throws -> ArraySlice<UInt8>? {
        while self.buffer.count - self.position < count {
            guard try self.fill() else {
                guard !self.stop.isRequested else { return nil }
                break
            }
        }
        let end = min(self.position + count, self.buffer.count)
        defer { self.position = end }
        return self.buffer[self.position..<end]
    }

    /// Reads more bytes. Returns false at the end.
    private mutating func fill() throws -> Bool {
        guard !self.isAtEnd else { return false }
        if self.position > 0 {
            self.buffer.removeFirst(self.position)
            self.position = 0
        }
        guard self.buffer.count <= Self.maximumCount else { throw Failure("\(self.path) has a line that is too long.") }
        guard self.stop.waits(for: self.descriptor) else {
            self.isAtEnd = true
            return false
        }
        let chunk = try Array<UInt8>(unsafeUninitializedCapacity: 256 << 10) { buffer, count in
            var size = -1
            repeat { size = read(self.descriptor, buffer.baseAddress, buffer.count) } while size < 0 && errno == EINTR
            guard size >= 0 else {
                let reason = String(cString: strerror(errno))
                throw Failure("Can't read \(self.path): \(reason).")
            }
            count = size
        }
        self.isAtEnd = chunk.isEmpty
        self.buffer += chunk
        return !chunk.isEmpty
    }
}
