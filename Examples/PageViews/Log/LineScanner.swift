// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A scanner of the fields of a line.
struct LineScanner {
    private let line: [UInt8]
    private var position = 0

    init(_ line: some Sequence<UInt8>) {
        self.line = Array(line)
    }

    /// Whether all of the line has been scanned.
    var isAtEnd: Bool { self.position == self.line.count }

    /// Returns the text before the next `end`, and skips `end`.
    mutating func text(before end: String, as field: String) throws -> String {
        let end = Array(end.utf8)
        var found = self.position
        while let next = self.line[found...].firstIndex(of: end[0]) {
            if self.line[next...].starts(with: end) {
                defer { self.position = next + end.count }
                return try self.text(in: self.position..<next, as: field)
            }
            found = next + 1
        }
        throw Failure("there is no \(field)")
    }

    /// Returns the text before the next space or the end of the line.
    mutating func word(as field: String) throws -> String {
        let end = self.line[self.position...].firstIndex(of: UInt8(ascii: " ")) ?? self.line.count
        defer { self.position = end }
        return try self.text(in: self.position..<end, as: field)
    }

    /// Returns the text between quotation marks. A backslash escapes a quotation mark or a backslash.
    mutating func quotedText(as field: String) throws -> String {
        try self.skip("\"", before: field)
        var end = self.position
        while end < self.line.count, self.line[end] != UInt8(ascii: "\"") {
            end += self.line[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < self.line.count else { throw Failure("the \(field) has no end") }
        defer { self.position = end + 1 }
        return try self.text(in: self.position..<end, as: field)
    }

    /// Skips a character, which must come next.
    mutating func skip(_ character: Unicode.Scalar, before field: String) throws {
        guard self.position < self.line.count, self.line[self.position] == UInt8(ascii: character) else {
            throw Failure("there is no \(field)")
        }
        self.position += 1
    }

    private func text(in range: Range<Int>, as field: String) throws -> String {
        guard let text = String(validating: self.line[range], as: UTF8.self) else {
            throw Failure("the \(field) is not UTF-8")
        }
        return text
    }
}
