// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Reads JSON (RFC 8259). Members keep their order and numbers their digits, so that a value that is read and written again is
/// the same.
struct JSONParser {
    struct Malformed: Error {}

    private var rest: ArraySlice<UInt8>
    private var depth = 0

    /// More nesting would take too much of the stack.
    private static let maximumDepth = 500

    private init(_ bytes: ArraySlice<UInt8>) { self.rest = bytes }

    /// Returns the value that the bytes are.
    static func parse(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> JSONValue {
        var parser = JSONParser(bytes)
        let value = try parser.value()
        parser.skipSpace()
        guard parser.rest.isEmpty else { throw Malformed() }
        return value
    }

    private mutating func skipSpace() {
        self.rest = self.rest.drop { [0x20, 0x0a, 0x0d, 0x09].contains($0) }
    }

    /// Takes a byte if it is the next one after white space.
    private mutating func takes(_ character: Unicode.Scalar) -> Bool {
        self.skipSpace()
        guard self.rest.first == UInt8(ascii: character) else { return false }
        self.rest.removeFirst()
        return true
    }

    private mutating func takes(word: String) -> Bool {
        guard self.rest.starts(with: word.utf8) else { return false }
        self.rest.removeFirst(word.utf8.count)
        return true
    }

    private mutating func value() throws(Malformed) -> JSONValue {
        if self.takes("{") { return .object(try self.nested { parser throws(Malformed) in try parser.members() }) }
        if self.takes("[") { return .array(try self.nested { parser throws(Malformed) in try parser.elements() }) }
        if self.takes("\"") { return .text(try self.text()) }
        if self.takes(word: "null") { return .null }
        if self.takes(word: "true") { return .boolean(true) }
        if self.takes(word: "false") { return .boolean(false) }
        return try self.number()
    }

    private mutating func nested<Value>(
        _ read: (inout JSONParser) throws(Malformed) -> Value
    ) throws(Malformed) -> Value {
        guard self.depth < Self.maximumDepth else { throw Malformed() }
        self.depth += 1
        defer { self.depth -= 1 }
        return try read(&self)
    }

    private mutating func members() throws(Malformed) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if self.takes("}") { return members }
        while true {
            guard self.takes("\"") else { throw Malformed() }
            let name = try self.text()
            guard self.takes(":") else { throw Malformed() }
            members.append(JSONValue.Member(name: name, value: try self.value()))
            if self.takes("}") { return members }
            guard self.takes(",") else { throw Malformed() }
        }
    }

    private mutating func elements() throws(Malformed) -> [JSONValue] {
        var elements: [JSONValue] = []
        if self.takes("]") { return elements }
        while true {
            elements.append(try self.value())
            if self.takes("]") { return elements }
            guard self.takes(",") else { throw Malformed() }
        }
    }

    private mutating func number() throws(Malformed) -> JSONValue {
        let digits = self.rest.prefix { "+-.eE0123456789".utf8.contains($0) }
        let text = String(decoding: digits, as: UTF8.self)
        // RFC 8259 has no plus sign in front, no leading zeros, and digits on both sides of the point.
        guard text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil else { throw Malformed() }
        self.rest.removeFirst(digits.count)
        if let integer = Int64(text), String(integer) == text { return .integer(integer) }
        return .written(text)
    }

    /// The rest of a text, whose first quotation mark has been taken.
    private mutating func text() throws(Malformed) -> String {
        var bytes: [UInt8] = []
        while let byte = self.rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: bytes, as: UTF8.self) else { throw Malformed() }
                return text
            case UInt8(ascii: "\\"): bytes += Array(String(Character(try self.escape())).utf8)
            case 0..<0x20: throw Malformed()
            default: bytes.append(byte)
            }
        }
        throw Malformed()
    }

    private mutating func escape() throws(Malformed) -> Unicode.Scalar {
        switch self.rest.popFirst() {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            var value = try self.hexadecimal()
            if (0xd800..<0xdc00).contains(value), self.takes(word: "\\u") {
                // The second half of a pair.
                let low = try self.hexadecimal()
                guard (0xdc00..<0xe000).contains(low) else { throw Malformed() }
                value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(value) else { throw Malformed() }
            return scalar
        default: throw Malformed()
        }
    }

    private mutating func hexadecimal() throws(Malformed) -> UInt32 {
        let digits = String(decoding: self.rest.prefix(4), as: UTF8.self)
        guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
            throw Malformed()
        }
        self.rest.removeFirst(4)
        return value
    }
}
