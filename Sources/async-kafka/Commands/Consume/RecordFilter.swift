// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// Which records are written: those with a text, and those that meet all conditions.
struct RecordFilter: Sendable {
    /// A comparison of a field with a value: `header.source=web`, `.amount>100`.
    struct Condition: Sendable {
        enum Field: Hashable, Sendable {
            case key, value, partition
            case header(String)
            /// The names of the members that lead to a field of a JSON value.
            case json([String])
        }

        enum Comparison: Sendable {
            case equals(String)
            case differs(String)
            case less(Double)
            case atMost(Double)
            case greater(Double)
            case atLeast(Double)
            case matches(WrittenRegex)
        }

        var field: Field
        var comparison: Comparison
    }

    private let grep: WrittenRegex?
    private let conditions: [Condition]

    init(grep: WrittenRegex?, conditions: [Condition]) {
        self.grep = grep
        self.conditions = conditions
    }

    func matches(_ record: ConsumerRecord) -> Bool {
        if let grep {
            let texts = [record.key, record.value].compactMap { $0.map { String(decoding: $0, as: UTF8.self) } }
            guard texts.contains(where: grep.matches) else { return false }
        }
        return self.conditions.allSatisfy { $0.isMet(by: record) }
    }
}

extension RecordFilter.Condition {
    init(_ text: String) throws(UsageError) {
        let operators = ["!=", "<=", ">=", "=", "~", "<", ">"]
        let mistake = UsageError(
            "it must be a field, one of = != < <= > >= ~, and a value, such as key=17, header.source~^web or .amount>100"
        )
        guard let place = text.indices.first(where: { index in operators.contains { text[index...].hasPrefix($0) } }),
            let symbol = operators.first(where: { text[place...].hasPrefix($0) })
        else { throw mistake }
        let name = text[..<place].withoutOuterSpaces
        let value = text[text.index(place, offsetBy: symbol.count)...].withoutOuterSpaces
        guard let field = Field(name) else {
            throw UsageError(
                "\"\(name)\" is no field: there are key, value, partition, header.NAME and .FIELD of a JSON value")
        }
        self.field = field
        switch symbol {
        case "=": self.comparison = .equals(value)
        case "!=": self.comparison = .differs(value)
        case "~":
            guard let regex = WrittenRegex(value) else { throw UsageError("\"\(value)\" is no regular expression") }
            self.comparison = .matches(regex)
        default:
            guard let number = Double(value) else {
                throw UsageError("\"\(value)\" is no number, which \(symbol) needs")
            }
            self.comparison =
                switch symbol {
                case "<": .less(number)
                case "<=": .atMost(number)
                case ">": .greater(number)
                default: .atLeast(number)
                }
        }
    }

    /// A record without the field only differs.
    func isMet(by record: ConsumerRecord) -> Bool {
        let values = self.field.values(of: record)
        switch self.comparison {
        case .equals(let text): return values.contains(text)
        case .differs(let text): return !values.contains(text)
        case .less(let number): return values.contains { Double($0).map { $0 < number } ?? false }
        case .atMost(let number): return values.contains { Double($0).map { $0 <= number } ?? false }
        case .greater(let number): return values.contains { Double($0).map { $0 > number } ?? false }
        case .atLeast(let number): return values.contains { Double($0).map { $0 >= number } ?? false }
        case .matches(let regex): return values.contains(where: regex.matches)
        }
    }
}

extension RecordFilter.Condition.Field {
    fileprivate init?(_ name: String) {
        switch name {
        case "key": self = .key
        case "value": self = .value
        case "partition": self = .partition
        default:
            if name.hasPrefix("header."), name.count > 7 {
                self = .header(String(name.dropFirst(7)))
            } else if name.hasPrefix("."), name.count > 1 {
                self = .json(name.dropFirst().split(separator: ".").map(String.init))
            } else {
                return nil
            }
        }
    }

    /// The values of the field as text: several for a header that is there several times.
    fileprivate func values(of record: ConsumerRecord) -> [String] {
        switch self {
        case .key: return [record.key].compactMap { $0.map { String(decoding: $0, as: UTF8.self) } }
        case .value: return [record.value].compactMap { $0.map { String(decoding: $0, as: UTF8.self) } }
        case .partition: return ["\(record.partition)"]
        case .header(let name):
            return record.headers.filter { $0.key == name }.map { String(decoding: $0.value ?? Bytes(), as: UTF8.self) }
        case .json(let path):
            guard let bytes = record.value, var value = try? JSONValue(parsing: bytes) else { return [] }
            for name in path {
                if case .array(let elements) = value, let index = Int(name), elements.indices.contains(index) {
                    value = elements[index]
                } else if let member = value[name] {
                    value = member
                } else {
                    return []
                }
            }
            return [value.jsonText]
        }
    }
}

extension Substring {
    fileprivate var withoutOuterSpaces: String {
        let start = self.drop { $0 == " " }
        return String(start.prefix(upTo: start.lastIndex { $0 != " " }.map(start.index(after:)) ?? start.startIndex))
    }
}

extension JSONValue {
    /// Text without quotation marks, all else as JSON.
    fileprivate var jsonText: String { if case .text(let text) = self { text } else { self.description } }
}

/// A regular expression that a user has written.
///
/// `Regex` isn't Sendable only because it may have closures for captures, which one that is made from text doesn't have.
struct WrittenRegex: @unchecked Sendable {
    let text: String
    private let regex: Regex<AnyRegexOutput>

    /// Nil if the text is no regular expression.
    init?(_ text: String) {
        guard let regex = try? Regex(text) else { return nil }
        self.text = text
        self.regex = regex
    }

    func matches(_ string: String) -> Bool { string.contains(self.regex) }
}

extension ValueKind where Value == RecordFilter.Condition {
    static var filter: ValueKind {
        ValueKind("CONDITION") { text throws(UsageError) in try RecordFilter.Condition(text) }
    }
}
