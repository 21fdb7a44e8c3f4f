// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A text table with aligned columns. The last column is right-aligned for numbers.
struct Table {
    private var rows: [[String]]

    init(_ header: String...) {
        self.rows = [header]
    }

    mutating func append(_ row: String...) {
        self.rows.append(row)
    }

    var text: String {
        let widths = self.rows[0].indices.map { column in self.rows.map { $0[column].count }.max() ?? 0 }
        let lines = self.rows.map { row in
            zip(row, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == row.count - 1 ? padding + cell.0 : cell.0 + padding
            }.joined(separator: "  ")
        }
        return lines.joined(separator: "\n")
    }
}
