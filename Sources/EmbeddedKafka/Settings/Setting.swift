// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A setting that Kafka knows: its type, its valid values and its default.
struct Setting: Sendable {
    /// The types of values, with the numbers that DescribeConfigs uses.
    enum ValueType: Int8, Sendable {
        case boolean = 1
        case string = 2
        case int = 3
        case short = 4
        case long = 5
        case double = 6
        case list = 7
        case password = 9
    }

    /// The valid values beyond those of the type.
    enum Rule: Sendable {
        case any
        case number(ClosedRange<Int64>)
        /// A number in a range, or -1.
        case numberOrMinusOne(ClosedRange<Int64>)
        case fraction(ClosedRange<Double>)
        case oneOf([String])
        case listOf([String])
        /// Pairs of a partition and a broker, as in `0:1,1:2`, or `*`.
        case replicas
    }

    let name: String
    let type: ValueType
    var rule = Rule.any
    /// Kafka's default, or nil if the setting has none.
    let defaultValue: String?
    /// What the setting does, in a sentence.
    let documentation: String

    /// Returns the reason why the setting can't have this value, or nil if it can.
    func problem(with value: String) -> String? {
        self.wanted(insteadOf: value.trimmed).map { "\(self.name) must be \($0), not '\(value)'." }
    }

    /// Returns a description of the valid values, or nil if `value` is one of them.
    private func wanted(insteadOf value: String) -> String? {
        switch self.type {
        case .boolean: return ["true", "false"].contains(value.lowercased()) ? nil : "true or false"
        case .int, .short, .long: return self.wantedNumber(insteadOf: value)
        case .double:
            let range: ClosedRange<Double> = if case .fraction(let range) = self.rule { range } else { 0...(.infinity) }
            if let number = Double(value), range.contains(number) { return nil }
            return "a number from \(range.lowerBound) to \(range.upperBound)"
        case .string, .list, .password: return self.wantedText(insteadOf: value)
        }
    }

    private func wantedNumber(insteadOf value: String) -> String? {
        var range: ClosedRange<Int64> =
            switch self.type {
            case .int: Int64(Int32.min)...Int64(Int32.max)
            case .short: Int64(Int16.min)...Int64(Int16.max)
            default: Int64.min...Int64.max
            }
        var permitsMinusOne = false
        switch self.rule {
        case .number(let valid): range = valid.clamped(to: range)
        case .numberOrMinusOne(let valid):
            range = valid.clamped(to: range)
            permitsMinusOne = true
        default: break
        }
        if let number = Int64(value), range.contains(number) || permitsMinusOne && number == -1 { return nil }
        return "a number from \(range.lowerBound) to \(range.upperBound)\(permitsMinusOne ? ", or -1" : "")"
    }

    private func wantedText(insteadOf value: String) -> String? {
        switch self.rule {
        case .oneOf(let names): return names.contains(value) ? nil : "one of \(names.joined(separator: ", "))"
        case .listOf(let names):
            return Self.items(of: value).allSatisfy(names.contains) ? nil : "a list of \(names.joined(separator: ", "))"
        case .replicas:
            let isValid =
                value == "*"
                || Self.items(of: value).allSatisfy { item in
                    let numbers = item.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
                    return numbers.count == 2 && !numbers.contains(nil)
                }
            return isValid ? nil : "* or pairs such as 0:1,1:2"
        default: return nil
        }
    }

    /// Returns the items of a list, without the spaces around them.
    static func items(of list: String) -> [String] {
        list.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
    }
}

extension String {
    /// The text without the spaces around it.
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
