// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Statistics as people read them: a line for each value, and values that belong together in one line.
extension StatisticsTree {
    /// The tree as lines of text.
    var text: String { self.lines.joined(separator: "\n") }

    private var lines: [String] {
        switch self {
        case .object(let members): members.flatMap { Self.lines(of: $0.value, named: Self.words($0.name)) }
        case .list(let elements): elements.map { $0.inline ?? $0.lines.joined(separator: "; ") }
        default: [self.inline ?? ""]
        }
    }

    private static func lines(of value: StatisticsTree, named name: String) -> [String] {
        if case .absent = value { return [] }
        if case .list(let elements) = value, elements.isEmpty { return ["\(name): none"] }
        if let inline = value.inline { return ["\(name): \(inline)"] }
        return ["\(name):"] + value.lines.map { "  \($0)" }
    }

    /// The value in one line; nil if it has parts of several lines.
    private var inline: String? {
        switch self {
        case .absent: "unknown"
        case .flag(let flag): flag ? "yes" : "no"
        case .integer(let value): "\(value)"
        case .number(let value): Self.text(of: value)
        case .time(let time): Self.text(of: time)
        case .size(let bytes): Self.text(ofBytes: Double(bytes))
        case .text(let text): text.printable
        case .line(let text, _): text.printable
        case .object, .list: nil
        }
    }

    /// `sendLatency` as `send latency`.
    private static func words(_ name: String) -> String {
        name.reduce(into: "") { words, character in
            if character.isUppercase, words.last?.isLowercase == true { words += " " }
            words += character.lowercased()
        }
    }

    // MARK: Values

    /// A number with three digits, or all digits of its whole part.
    static func text(of number: Double) -> String {
        guard number.isFinite, abs(number) < 1e15 else { return "\(number)" }
        if abs(number) >= 100 || number == number.rounded() { return "\(Int64(number.rounded()))" }
        let scale = abs(number) >= 10 ? 10.0 : abs(number) >= 1 ? 100 : 1000
        return "\((number * scale).rounded() / scale)"
    }

    static func text(of time: Duration) -> String {
        let seconds = time.seconds
        if seconds != 0, abs(seconds) < 0.001 { return "\(self.text(of: seconds * 1e6)) µs" }
        if seconds != 0, abs(seconds) < 1 { return "\(self.text(of: seconds * 1e3)) ms" }
        return "\(self.text(of: seconds)) s"
    }

    static func text(ofBytes bytes: Double) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var (rest, unit) = (bytes, 0)
        while abs(rest) >= 1000, unit + 1 < units.count {
            rest /= 1000
            unit += 1
        }
        return "\(self.text(of: rest)) \(units[unit])"
    }
}
