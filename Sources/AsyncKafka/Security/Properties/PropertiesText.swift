// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A parser for Java `.properties` files, equivalent to `java.util.Properties.load`: comments, continued lines,
/// escapes, and `=`, `:` or white space between name and value. If a name is repeated, its last value counts.
package enum PropertiesText {
    /// Parses a file.
    ///
    /// - Parameter bytes: Text in ISO 8859-1, as Kafka's tools read it. Other characters are written as `\uXXXX`.
    package static func parse(_ bytes: some Sequence<UInt8>) throws(KafkaError) -> [String: String] {
        var properties: [String: String] = [:]
        for line in Self.logicalLines(bytes.lazy.map { Unicode.Scalar($0) }) {
            let (name, value) = Self.split(line.text)
            properties[try Self.unescaped(name, line.number)] = try Self.unescaped(value, line.number)
        }
        return properties
    }

    private struct Line {
        /// The line number in the file; of a continued line, the first.
        var number: Int
        var text: [Unicode.Scalar]
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\u{c}"
    }

    /// Lines without comments and blank lines, with continued lines joined.
    private static func logicalLines(_ text: some Sequence<Unicode.Scalar>) -> [Line] {
        var lines: [Line] = []
        var open: Line?
        for (index, natural) in Self.naturalLines(text).enumerated() {
            let trimmed = natural.drop(while: Self.isBlank)
            if open == nil, trimmed.isEmpty || trimmed.first == "#" || trimmed.first == "!" { continue }
            // An even number of trailing backslashes are escaped backslashes.
            let isContinued = trimmed.reversed().prefix { $0 == "\\" }.count.isMultiple(of: 2) == false
            var line = open ?? Line(number: index + 1, text: [])
            line.text += isContinued ? trimmed.dropLast() : trimmed
            open = isContinued ? line : nil
            if !isContinued { lines.append(line) }
        }
        if let open { lines.append(open) }
        return lines
    }

    private static func naturalLines(_ text: some Sequence<Unicode.Scalar>) -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = [[]]
        var last: Unicode.Scalar?
        for scalar in text {
            if scalar == "\r" || (scalar == "\n" && last != "\r") {
                lines.append([])
            } else if scalar != "\n" {
                lines[lines.count - 1].append(scalar)
            }
            last = scalar
        }
        return lines
    }

    private static func split(_ line: [Unicode.Scalar]) -> (
        name: ArraySlice<Unicode.Scalar>, value: ArraySlice<Unicode.Scalar>
    ) {
        var end = 0
        while end < line.count, !Self.isBlank(line[end]), line[end] != "=", line[end] != ":" {
            end += line[end] == "\\" ? 2 : 1
        }
        end = min(end, line.count)
        var value = line[end...].drop(while: Self.isBlank)
        if value.first == "=" || value.first == ":" { value = value.dropFirst().drop(while: Self.isBlank) }
        return (line[..<end], value)
    }

    private static func unescaped(_ scalars: ArraySlice<Unicode.Scalar>, _ line: Int) throws(KafkaError) -> String {
        // In UTF-16, since an escape may be one half of a surrogate pair.
        var units: [UInt16] = []
        var rest = scalars
        while let scalar = rest.popFirst() {
            guard scalar == "\\", let escaped = rest.popFirst() else {
                units += UTF16.encode(scalar).map(Array.init) ?? []
                continue
            }
            switch escaped {
            case "t": units.append(0x09)
            case "n": units.append(0x0a)
            case "r": units.append(0x0d)
            case "f": units.append(0x0c)
            case "u":
                let digits = rest.prefix(4)
                guard digits.count == 4, digits.allSatisfy(\.properties.isASCIIHexDigit),
                    let unit = UInt16(String(String.UnicodeScalarView(digits)), radix: 16)
                else {
                    throw .invalidConfiguration("Line \(line) has a \\u without four hexadecimal digits after it.")
                }
                units.append(unit)
                rest = rest.dropFirst(4)
            default: units += UTF16.encode(escaped).map(Array.init) ?? []
            }
        }
        return String(decoding: units, as: UTF16.self)
    }
}
