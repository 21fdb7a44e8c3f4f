// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A minimal JSON reader that finds a number or a string among an object's members. It builds no other values and
/// doesn't recurse, so nesting depth is no risk.
enum JSONObject {
    private enum Value {
        case number(Double)
        case string(String)
    }

    /// Returns the member's value if the text is an object with such a member and the value is a number. Invalid JSON
    /// returns nil where it is detected.
    static func number(_ name: String, in json: [UInt8]) -> Double? {
        if case .number(let number)? = self.value(name, in: json) { number } else { nil }
    }

    /// Returns the member's value if it is a string.
    static func string(_ name: String, in json: [UInt8]) -> String? {
        if case .string(let string)? = self.value(name, in: json) { string } else { nil }
    }

    private static func value(_ name: String, in json: [UInt8]) -> Value? {
        var depth = 0
        var found: Value?
        /// The last string read: a member's name if a colon follows.
        var text: [UInt8] = []
        var isValueWanted = false
        var index = 0
        while index < json.count {
            let byte = json[index]
            index += 1
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if depth == 0, byte != UInt8(ascii: "{") { return nil }
                depth += 1
                isValueWanted = false
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return found }
                if depth < 0 { return nil }
            case UInt8(ascii: "\""):
                guard let end = Self.endOfString(json, from: index) else { return nil }
                text = Array(json[index..<end])
                index = end + 1
                if isValueWanted { found = Self.unescaped(text).map { .string($0) } }
                isValueWanted = false
            case UInt8(ascii: ":"):
                isValueWanted = depth == 1 && text == Array(name.utf8)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let start = index - 1
                while index < json.count, Self.isInNumber(json[index]) { index += 1 }
                // If a name is repeated, the last value counts, as in most parsers.
                if isValueWanted {
                    found = Double(String(decoding: json[start..<index], as: UTF8.self)).map { .number($0) }
                }
                isValueWanted = false
            default:
                if depth == 0, byte != UInt8(ascii: " "), !(9...13).contains(byte) { return nil }
            }
        }
        return nil
    }

    private static func endOfString(_ json: [UInt8], from start: Int) -> Int? {
        var index = start
        while index < json.count {
            switch json[index] {
            case UInt8(ascii: "\""): return index
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        return nil
    }

    /// Decodes a JSON string, given the text between its quotes. Nil if it contains an invalid escape.
    private static func unescaped(_ text: [UInt8]) -> String? {
        var units: [UInt16] = []
        var rest = String(decoding: text, as: UTF8.self).utf16[...]
        while let unit = rest.popFirst() {
            guard unit == 0x5C else {
                units.append(unit)
                continue
            }
            guard let escape = rest.popFirst().flatMap({ Unicode.Scalar($0) }) else { return nil }
            switch escape {
            case "\"", "\\", "/": units.append(UInt16(escape.value))
            case "b": units.append(0x08)
            case "f": units.append(0x0C)
            case "n": units.append(0x0A)
            case "r": units.append(0x0D)
            case "t": units.append(0x09)
            case "u":
                let digits = String(decoding: rest.prefix(4), as: UTF16.self)
                guard digits.utf8.count == 4, let unit = UInt16(digits, radix: 16) else { return nil }
                rest = rest.dropFirst(4)
                units.append(unit)
            default: return nil
            }
        }
        // Unpaired surrogates become the replacement character.
        return String(decoding: units, as: UTF16.self)
    }

    private static func isInNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
