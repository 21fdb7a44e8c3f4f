// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A column of a command's output: a field of each row, in all formats.
struct Column<Row>: Sendable {
    /// The name of the field in JSON and CSV. The table's heading is made from it.
    let name: String
    let value: @Sendable (Row) -> JSONValue

    init(_ name: String, _ value: @escaping @Sendable (Row) -> JSONValue) {
        self.name = name
        self.value = value
    }

    /// The name in capitals, with a space before each part: `inSyncReplicas` is `IN SYNC REPLICAS`.
    var heading: String {
        var heading = ""
        for character in self.name {
            if character.isUppercase, let last = heading.last, last.isLowercase || last.isNumber { heading.append(" ") }
            heading.append(character)
        }
        return heading.uppercased()
    }
}

extension JSONValue {
    /// The value as it stands in a table or in CSV: a list with commas, nothing for null.
    var plainText: String {
        switch self {
        case .null: ""
        case .boolean(let flag): flag ? "yes" : "no"
        case .integer(let number): String(number)
        case .number(let number): Int64(exactly: number).map { "\($0)" } ?? "\(number)"
        case .written(let number): number
        case .text(let text): text
        case .array(let values): values.map(\.plainText).joined(separator: ",")
        case .object(let members): members.map { "\($0.name)=\($0.value.plainText)" }.joined(separator: ",")
        }
    }

    var isNumber: Bool {
        switch self {
        case .integer, .number, .written: true
        default: false
        }
    }
}
