// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaProtocol

/// A value in the format of Kafka's JSON converters.
enum JSONValue: Decodable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }
}

/// Returns the differences between a decoded message and Kafka's JSON for the same bytes.
func differences(of message: Any, from json: JSONValue, at path: String = "") -> [String] {
    func leaf(_ isEqual: Bool) -> [String] { isEqual ? [] : ["\(path): \(message) is not \(json)"] }

    let mirror = Mirror(reflecting: message)
    if mirror.displayStyle == .optional {
        guard let (_, value) = mirror.children.first else {
            if case .null = json { return [] }
            return ["\(path): nil is not \(json)"]
        }
        return differences(of: value, from: json, at: path)
    }
    switch (message, json) {
    case (let value as Bool, .bool(let wanted)): return leaf(value == wanted)
    case (let value as ErrorCode, .integer(let wanted)): return leaf(Int64(value.rawValue) == wanted)
    case (let value as any FixedWidthInteger, .integer(let wanted)): return leaf(Int64(value) == wanted)
    case (let value as Double, .integer(let wanted)): return leaf(value == Double(wanted))
    case (let value as Double, .number(let wanted)): return leaf(value == wanted)
    case (let value as String, .string(let wanted)): return leaf(value == wanted)
    case (let value as KafkaUUID, .string(let wanted)): return leaf(value.description == wanted)
    case (let value as Bytes, .string(let wanted)): return leaf(Data(base64Encoded: wanted).map { Bytes($0) } == value)
    // Record batches: their size, or only their presence. Their bytes are compared when they are encoded.
    case (let value as [Bytes], .integer(let wanted)): return leaf(value.reduce(0) { $0 + $1.count } == wanted)
    case (is [Bytes], .string): return []
    case (let values as [Any], .array(let wanted)):
        guard values.count == wanted.count else { return ["\(path): \(values.count) elements, not \(wanted.count)"] }
        return zip(values, wanted).enumerated().flatMap { index, pair in
            differences(of: pair.0, from: pair.1, at: "\(path)[\(index)]")
        }
    case (_, .object(let wanted)) where mirror.displayStyle == .struct:
        let fields = Dictionary(
            uniqueKeysWithValues: mirror.children.compactMap { child in child.label.map { ($0, child.value) } })
        return wanted.sorted { $0.key < $1.key }.flatMap { name, value in
            guard let field = fields[name] else { return ["\(path).\(name) is missing"] }
            return differences(of: field, from: value, at: "\(path).\(name)")
        }
    default: return leaf(false)
    }
}
