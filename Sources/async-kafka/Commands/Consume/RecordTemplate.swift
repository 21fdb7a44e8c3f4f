// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// A record's form that a user has written: text with fields such as `%k`.
struct RecordTemplate: Sendable {
    private enum Part: Sendable {
        case text([UInt8])
        case topic, partition, offset, milliseconds, time, key, value, headers, keyCount, valueCount
    }

    private var parts: [Part] = []

    init(_ text: String) throws(UsageError) {
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case "%":
                guard let letter = rest.popFirst(), let part = Self.field(letter) else {
                    throw UsageError("a % must be followed by one of t p o T D k v h K V %")
                }
                self.parts.append(part)
            case "\\":
                let escapes: [Character: String] = ["n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\"]
                guard let letter = rest.popFirst(), let escape = escapes[letter] else {
                    throw UsageError("a \\ must be followed by one of n t r 0 \\")
                }
                self.parts.append(.text(Array(escape.utf8)))
            default: self.parts.append(.text(Array(String(character).utf8)))
            }
        }
    }

    private static func field(_ letter: Character) -> Part? {
        switch letter {
        case "t": .topic
        case "p": .partition
        case "o": .offset
        case "T": .milliseconds
        case "D": .time
        case "k": .key
        case "v", "s": .value
        case "h": .headers
        case "K": .keyCount
        case "V", "S": .valueCount
        case "%": .text([UInt8(ascii: "%")])
        default: nil
        }
    }

    /// Appends the record. Keys and values are the bytes as they are.
    func append(_ record: ConsumerRecord, to output: inout [UInt8]) {
        for part in self.parts {
            switch part {
            case .text(let text): output += text
            case .topic: output += Array(record.topic.utf8)
            case .partition: output += Array("\(record.partition)".utf8)
            case .offset: output += Array("\(record.offset)".utf8)
            case .milliseconds: output += Array("\(record.timestamp.millisecondsSince1970)".utf8)
            case .time: output += Array(Moment.text(record.timestamp).utf8)
            case .key: record.key.map { output += $0 }
            case .value: record.value.map { output += $0 }
            case .headers: output += Array(RecordFormat.text(record.headers).utf8)
            // -1 stands for a record without one, as in kcat.
            case .keyCount: output += Array("\(record.key?.count ?? -1)".utf8)
            case .valueCount: output += Array("\(record.value?.count ?? -1)".utf8)
            }
        }
    }
}

extension ValueKind where Value == RecordTemplate {
    static var template: ValueKind {
        ValueKind("FORMAT") { text throws(UsageError) in try RecordTemplate(text) }
    }
}
