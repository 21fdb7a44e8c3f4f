// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A program's manual page in the format of `man`.
package struct ManualPage {
    private let root: Command
    private let section = 1

    package init(of root: Command) { self.root = root }

    package var text: String {
        var lines = [
            ".TH \(self.root.name.uppercased()) \(self.section)",
            ".SH NAME", "\(Self.escaped(self.root.name)) \\- \(Self.escaped(self.root.summary))",
            ".SH SYNOPSIS", ".B \(Self.escaped(Help.usage(of: [self.root])))",
        ]
        if !self.root.details.isEmpty {
            lines.append(".SH DESCRIPTION")
            lines += Self.paragraphs(self.root.details)
        }
        lines.append(".SH OPTIONS")
        lines += self.root.options.flatMap(Self.entry)
        lines.append(".SH COMMANDS")
        for subcommand in self.root.subcommands { lines += Self.chapter(of: [self.root, subcommand]) }
        lines += Self.examples(of: self.root, under: ".SH EXAMPLES")
        return lines.joined(separator: "\n")
    }

    private static func chapter(of path: [Command]) -> [String] {
        let command = path[path.count - 1]
        guard command.subcommands.isEmpty else {
            return command.subcommands.flatMap { Self.chapter(of: path + [$0]) }
        }
        var lines = [".SS \(Self.escaped(Help.usage(of: path)))", Self.escaped(command.summary.sentence)]
        lines += Self.paragraphs(command.details)
        lines += path.dropFirst().flatMap(\.parameters).flatMap(Self.entry)
        lines += Self.examples(of: command, under: ".PP\nExamples:")
        return lines
    }

    private static func entry(_ parameter: Parameter) -> [String] {
        let label = Help.label(parameter).drop { $0 == " " }
        return [".TP", ".B \(Self.escaped(String(label)))", Self.escaped(parameter.help)]
    }

    private static func paragraphs(_ text: String) -> [String] {
        text.paragraphs.flatMap { paragraph in
            // An indented paragraph keeps its lines.
            paragraph.hasPrefix(" ")
                ? [".PP", ".nf", Self.escaped(paragraph), ".fi"] : [".PP", Self.escaped(paragraph)]
        }
    }

    private static func examples(of command: Command, under heading: String) -> [String] {
        guard !command.examples.isEmpty else { return [] }
        return [heading]
            + command.examples.flatMap { example in
                [".PP", Self.escaped(example.purpose) + ":", ".PP", ".nf", Self.escaped("    " + example.line), ".fi"]
            }
    }

    /// Text in which nothing is taken for an instruction.
    private static func escaped(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var escaped = ""
            for character in line {
                switch character {
                case "\\": escaped += "\\e"
                case "-": escaped += "\\-"
                default: escaped.append(character)
                }
            }
            return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
        }.joined(separator: "\n")
    }
}

extension String {
    /// The text with a capital letter and a full stop.
    var sentence: String {
        let end = self.hasSuffix(".") || self.hasSuffix("?") ? "" : "."
        return self.prefix(1).uppercased() + self.dropFirst() + end
    }
}
