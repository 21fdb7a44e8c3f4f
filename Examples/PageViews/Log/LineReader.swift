// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A reader of the lines of a file or standard input, whose memory use is bounded.
struct LineReader {
    /// The maximum length of a line in bytes. Longer lines are cut off after one more byte.
    static let maximumLength = 64 << 10

    private let path: String
    private let file: FileHandle
    private var chunk: [UInt8] = []
    private var position = 0

    /// Opens a file. The path `-` stands for standard input.
    init(path: String) throws {
        self.path = path == "-" ? "standard input" : path
        if path == "-" {
            self.file = .standardInput
        } else {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Failure.system("Can't open \(path)") }
            self.file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        }
    }

    /// Returns the next line without its line break, or nil at the end of the file.
    mutating func next() throws -> [UInt8]? {
        var line: [UInt8] = []
        var isInLine = false
        while try self.position < self.chunk.count || self.readChunk() {
            isInLine = true
            let end = self.chunk[self.position...].firstIndex(of: UInt8(ascii: "\n"))
            let room = LineReader.maximumLength + 1 - line.count
            line += self.chunk[self.position..<(end ?? self.chunk.count)].prefix(room)
            self.position = end.map { $0 + 1 } ?? self.chunk.count
            if end != nil { break }
        }
        guard isInLine else { return nil }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
    }

    /// Reads the next chunk. Returns false at the end of the file.
    private mutating func readChunk() throws -> Bool {
        self.position = 0
        self.chunk = try Array(unsafeUninitializedCapacity: 256 << 10) { buffer, count in
            let size = retryingInterrupts { read(self.file.fileDescriptor, buffer.baseAddress, buffer.count) }
            guard size >= 0 else { throw Failure.system("Can't read \(self.path)") }
            count = size
        }
        return !self.chunk.isEmpty
    }
}
