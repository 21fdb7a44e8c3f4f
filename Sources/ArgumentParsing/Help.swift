// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The help of a command, as text for a terminal.
package struct Help {
    let path: [Command]
    let width: Int

    /// - Parameters:
    ///   - path: The command and its parents, from the root on.
    ///   - width: The number of columns. Text isn't set wider than 100.
    package init(of path: [Command], width: Int) {
        self.path = path
        self.width = min(max(width, 40), 100)
    }

    private var command: Command { self.path[self.path.count - 1] }
    private var words: String { self.path.map(\.name).joined(separator: " ") }

    package var text: String {
        var blocks = ["\(self.words): \(self.command.summary)", "usage: \(Self.usage(of: self.path))"]
        if !self.command.details.isEmpty {
            blocks.append(self.command.details.paragraphs.map { $0.wrapped(to: self.width) }.joined(separator: "\n\n"))
        }
        if !self.command.subcommands.isEmpty {
            let rows = self.command.subcommands.map { ($0.name, $0.summary) }
            blocks.append("commands:\n" + self.table(rows))
        }
        let operands = self.command.operands.map { (Self.label($0), $0.help) }
        if !operands.isEmpty { blocks.append(self.table(operands)) }
        let options = self.command.options.map { (Self.label($0), $0.help) }
        if !options.isEmpty { blocks.append("options:\n" + self.table(options)) }
        let inherited = self.path.dropLast().flatMap(\.options)
        if !inherited.isEmpty {
            blocks.append(
                "options of \(self.path[0].name):\n" + self.table(inherited.map { (Self.label($0), $0.help) }))
        }
        if !self.command.examples.isEmpty {
            let lines = self.command.examples.map { "  # \($0.purpose)\n  \($0.line)" }
            blocks.append("examples:\n" + lines.joined(separator: "\n"))
        }
        return blocks.joined(separator: "\n\n")
    }

    /// The command with its operands: `async-kafka topics create [options] TOPIC...`.
    static func usage(of path: [Command]) -> String {
        let command = path[path.count - 1]
        var words = path.map(\.name)
        if !command.subcommands.isEmpty { words.append("COMMAND") }
        let options = path.flatMap(\.options)
        words += options.filter(\.isRequired).map { "\($0.name) \($0.placeholder)" }
        if options.contains(where: { !$0.isRequired }) { words.append("[options]") }
        for operand in command.operands {
            guard case .operand(let count) = operand.form else { continue }
            let name = count.upperBound > 1 ? operand.name + "..." : operand.name
            words.append(count.lowerBound == 0 ? "[\(name)]" : name)
        }
        return words.joined(separator: " ")
    }

    /// `-p, --partitions N`
    static func label(_ parameter: Parameter) -> String {
        guard !parameter.isOperand else { return parameter.name }
        let names = (parameter.short.map { "-\($0), " } ?? "    ") + parameter.name
        return parameter.isFlag ? names : names + " " + parameter.placeholder
    }

    private func table(_ rows: [(label: String, text: String)]) -> String {
        // A label that is too long for the column has a line of its own.
        let widest = min(rows.map(\.label.count).max() ?? 0, 30)
        let indentation = String(repeating: " ", count: widest + 4)
        return rows.map { row in
            let text = row.text.wrapped(to: self.width - widest - 4)
                .split(separator: "\n").joined(separator: "\n" + indentation)
            guard row.label.count <= widest else { return "  \(row.label)\n\(indentation)\(text)" }
            return "  " + row.label + String(repeating: " ", count: widest - row.label.count + 2) + text
        }.joined(separator: "\n")
    }
}

extension String {
    /// The parts between empty lines.
    var paragraphs: [String] {
        var paragraphs: [[Substring]] = [[]]
        for line in self.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty { paragraphs.append([]) } else { paragraphs[paragraphs.count - 1].append(line) }
        }
        return paragraphs.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
    }

    /// Breaks the text between words. Lines that begin with a space keep their form.
    func wrapped(to width: Int) -> String {
        if self.split(separator: "\n").contains(where: { $0.hasPrefix(" ") }) { return self }
        var lines: [String] = [""]
        for word in self.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\n")
    }
}
