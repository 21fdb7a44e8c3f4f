// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A table of text with aligned columns.
struct TextTable {
    struct Cell {
        var text: String
        /// Numbers are aligned at the right.
        var isNumber = false
    }

    var headings: [String]
    var rows: [[Cell]]

    /// Returns the lines of the table.
    ///
    /// - Parameters:
    ///   - width: The number of columns of the terminal. The widest columns are cut until the table fits. Nil cuts nothing.
    ///   - isBold: Whether the headings are bold.
    func lines(width: Int? = nil, isBold: Bool = false) -> [String] {
        var rows = self.rows.map { row in row.map { Cell(text: $0.text.onOneLine, isNumber: $0.isNumber) } }
        rows.insert(self.headings.map { Cell(text: $0) }, at: 0)
        let isNumber = self.headings.indices.map { column in
            self.rows.contains { $0[column].isNumber }
                && self.rows.allSatisfy { $0[column].isNumber || $0[column].text.isEmpty }
        }
        var widths = self.headings.indices.map { column in rows.map { $0[column].text.columns }.max() ?? 0 }
        if let width { Self.fit(&widths, to: width) }
        return rows.enumerated().map { index, row in
            var line = ""
            for column in row.indices {
                let text = row[column].text.cut(to: widths[column])
                let padding = String(repeating: " ", count: widths[column] - text.columns)
                if column > 0 { line += "  " }
                line += isNumber[column] ? padding + text : text + padding
            }
            while line.last == " " { line.removeLast() }
            return index == 0 && isBold ? "\u{1b}[1m\(line)\u{1b}[0m" : line
        }
    }

    /// Makes the widest columns narrower until all fit.
    private static func fit(_ widths: inout [Int], to width: Int) {
        let smallest = 8
        while widths.reduce(2 * (widths.count - 1), +) > width, let widest = widths.max(), widest > smallest,
            let column = widths.lastIndex(of: widest)
        {
            widths[column] -= 1
        }
    }
}

extension String {
    /// The number of columns that the text takes in a terminal, in which East Asian letters and pictures take two.
    var columns: Int { self.unicodeScalars.reduce(0) { $0 + $1.columns } }

    /// The text without characters that move the cursor.
    var onOneLine: String {
        guard self.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }) else {
            return self
        }
        var text = ""
        for scalar in self.unicodeScalars {
            switch scalar {
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
                text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// The text, or its beginning with an ellipsis.
    func cut(to columns: Int) -> String {
        guard self.columns > columns else { return self }
        var text = ""
        var used = 1
        for character in self {
            let width = String(character).columns
            guard used + width <= columns else { break }
            used += width
            text.append(character)
        }
        return text + "…"
    }
}

extension Unicode.Scalar {
    fileprivate var columns: Int {
        switch self.value {
        case 0x0300...0x036f, 0x200b...0x200f, 0xfe00...0xfe0f: 0
        case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60,
            0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
            2
        default: 1
        }
    }
}
