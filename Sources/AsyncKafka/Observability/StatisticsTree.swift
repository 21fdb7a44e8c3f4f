// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Statistics as names and values, from which their text, their JSON and their encoding are made.
indirect enum StatisticsTree {
    case absent
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    /// In seconds.
    case time(Duration)
    /// A number of bytes.
    case size(Int)
    case text(String)
    case object([(name: String, value: StatisticsTree)])
    case list([StatisticsTree])
    /// An object that people read as one line.
    case line(String, of: [(name: String, value: StatisticsTree)])

    static func integer(_ value: some BinaryInteger) -> StatisticsTree { .integer(Int64(clamping: value)) }

    static func optional<Value>(_ value: Value?, _ convert: (Value) -> StatisticsTree) -> StatisticsTree {
        value.map(convert) ?? .absent
    }
}

// MARK: JSON

extension StatisticsTree {
    /// The tree as JSON on one line. Times are in seconds, sizes in bytes.
    var json: String {
        switch self {
        case .absent: "null"
        case .flag(let flag): flag ? "true" : "false"
        case .integer(let value): "\(value)"
        case .number(let value): value.isFinite ? "\(value)" : "null"
        case .time(let time): "\(time.seconds)"
        case .size(let bytes): "\(bytes)"
        case .text(let text): Self.quoted(text)
        case .object(let members), .line(_, let members):
            "{" + members.map { "\(Self.quoted($0.name)):\($0.value.json)" }.joined(separator: ",") + "}"
        case .list(let elements): "[" + elements.map(\.json).joined(separator: ",") + "]"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension StatisticsTree: Encodable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { self.stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let members), .line(_, let members):
            var container = encoder.container(keyedBy: Name.self)
            for (name, value) in members { try container.encode(value, forKey: Name(name)) }
        case .list(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .absent, .flag, .integer, .number, .time, .size, .text:
            var container = encoder.singleValueContainer()
            try self.encodeScalar(into: &container)
        }
    }

    private func encodeScalar(into container: inout any SingleValueEncodingContainer) throws {
        switch self {
        case .flag(let flag): try container.encode(flag)
        case .integer(let value): try container.encode(value)
        case .number(let value) where value.isFinite: try container.encode(value)
        case .time(let time): try container.encode(time.seconds)
        case .size(let bytes): try container.encode(bytes)
        case .text(let text): try container.encode(text)
        case .absent, .number, .object, .list, .line: try container.encodeNil()
        }
    }
}

extension Duration {
    /// The duration in seconds, with fractions.
    var seconds: Double { Double(self.components.seconds) + Double(self.components.attoseconds) / 1e18 }
}
