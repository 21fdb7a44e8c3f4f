// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// How a value is written on the command line and read from it.
package struct ValueKind<Value: Sendable>: Sendable {
    /// What stands for the value in the help.
    package var placeholder: String
    package var completion: Completion
    package let parse: @Sendable (String) throws(UsageError) -> Value

    /// - Parameter parse: Throws an error that completes "--option TEXT: …".
    package init(
        _ placeholder: String, completion: Completion = .nothing,
        parse: @escaping @Sendable (String) throws(UsageError) -> Value
    ) {
        self.placeholder = placeholder
        self.completion = completion
        self.parse = parse
    }
}

extension ValueKind where Value == String {
    /// Any text that isn't empty.
    package static func text(_ placeholder: String, completion: Completion = .nothing) -> ValueKind {
        ValueKind(placeholder, completion: completion) { text throws(UsageError) in
            guard !text.isEmpty else { throw UsageError("it is empty") }
            return text
        }
    }

    /// The path of a file.
    package static func file(_ placeholder: String = "FILE") -> ValueKind { .text(placeholder, completion: .files) }
}

extension ValueKind where Value: FixedWidthInteger {
    /// A number.
    package static func number(_ placeholder: String = "N", in range: ClosedRange<Value>) -> ValueKind {
        ValueKind(placeholder) { text throws(UsageError) in
            guard let number = Value(text), range.contains(number) else {
                let isOpen = range.upperBound == .max
                throw UsageError(
                    "it must be a number "
                        + (isOpen
                            ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"))
            }
            return number
        }
    }
}

extension ValueKind where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of the words of an enum.
    package static func word(_ placeholder: String) -> ValueKind {
        let words = Value.allCases.map(\.rawValue)
        return ValueKind(placeholder, completion: .words(words)) { text throws(UsageError) in
            guard let value = Value(rawValue: text) else {
                throw UsageError("it must be one of \(words.joined(separator: ", "))")
            }
            return value
        }
    }
}

extension ValueKind where Value == Duration {
    /// A duration such as `500ms`, `10s` or `1h30m`.
    package static func duration(_ placeholder: String = "DURATION") -> ValueKind {
        ValueKind(placeholder) { text throws(UsageError) in
            guard let duration = Duration(written: text) else {
                throw UsageError("it must be a duration such as 500ms, 10s, 5m, 1h30m or 7d")
            }
            return duration
        }
    }
}

extension ValueKind where Value == Int64 {
    /// A number of bytes such as `1048576`, `1MiB` or `64k`.
    package static func bytes(_ placeholder: String = "BYTES") -> ValueKind {
        ValueKind(placeholder) { text throws(UsageError) in
            let digits = text.prefix(while: \.isNumber)
            let shifts = ["": 0, "k": 10, "kib": 10, "m": 20, "mib": 20, "g": 30, "gib": 30]
            guard let number = Int64(digits), let shift = shifts[text.dropFirst(digits.count).lowercased()],
                number <= Int64.max >> shift
            else { throw UsageError("it must be a number of bytes such as 1048576, 64KiB or 1MiB") }
            return number << shift
        }
    }
}

/// A pair written as `NAME=VALUE`.
package struct NamedValue: Hashable, Sendable {
    package var name: String
    package var value: String
}

extension ValueKind where Value == NamedValue {
    package static func pair(_ placeholder: String = "NAME=VALUE") -> ValueKind {
        ValueKind(placeholder) { text throws(UsageError) in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { throw UsageError("it must be written as \(placeholder)") }
            return NamedValue(name: String(parts[0]), value: String(parts[1]))
        }
    }
}

extension Duration {
    /// Reads a duration such as `500ms`, `10s` or `1h30m`. Nil if the text is none.
    package init?(written text: String) {
        let units: [String: Int64] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        var rest = text[...]
        var milliseconds: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix(while: \.isNumber)
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix(while: \.isLetter)
            rest = rest.dropFirst(letters.count)
            guard let number = Int64(digits), let unit = units[String(letters)] else { return nil }
            let (product, isTooLong) = number.multipliedReportingOverflow(by: unit)
            let (sum, isTooLongInAll) = milliseconds.addingReportingOverflow(product)
            guard !isTooLong, !isTooLongInAll else { return nil }
            milliseconds = sum
        }
        self = .milliseconds(milliseconds)
    }
}
