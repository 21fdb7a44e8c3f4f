// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A command of a program: its name, what it takes, and what it does. The parser, the help, the manual page and the completions
/// are all derived from it, so they can't contradict each other.
package struct Command: Sendable {
    /// A line that a user can type, with what it does.
    package struct Example: Sendable {
        package var line: String
        package var purpose: String

        package init(_ line: String, _ purpose: String) {
            self.line = line
            self.purpose = purpose
        }
    }

    /// The word that names the command after those of its parents. The root's is the program's name.
    package var name: String
    /// Other words for the same command, which the help doesn't list.
    package var aliases: [String]
    /// What the command does, in a line: "lists topics".
    package var summary: String
    /// Paragraphs that follow the summary in the help.
    package var details: String
    /// The options, flags and operands. Commands below this one take the options and flags too.
    package var parameters: [Parameter]
    package var examples: [Example]
    package var subcommands: [Command]
    /// Runs the command. Nil if only its subcommands can be run.
    package var run: (@Sendable (Arguments) async throws -> Void)?

    /// A command that runs.
    package init(
        _ name: String, aliases: [String] = [], _ summary: String, details: String = "", takes: [any Declared] = [],
        examples: [Example] = [], run: @escaping @Sendable (Arguments) async throws -> Void
    ) {
        self.init(name, aliases: aliases, summary, details, takes, examples, [], run)
    }

    /// A command whose subcommands run.
    package init(
        _ name: String, aliases: [String] = [], _ summary: String, details: String = "", takes: [any Declared] = [],
        examples: [Example] = [], subcommands: [Command]
    ) {
        self.init(name, aliases: aliases, summary, details, takes, examples, subcommands, nil)
    }

    private init(
        _ name: String, aliases: [String], _ summary: String, _ details: String, _ takes: [any Declared],
        _ examples: [Example], _ subcommands: [Command], _ run: (@Sendable (Arguments) async throws -> Void)?
    ) {
        self.name = name
        self.aliases = aliases
        self.summary = summary
        self.details = details
        self.parameters = takes.map(\.parameter)
        self.examples = examples
        self.subcommands = subcommands
        self.run = run
    }

    var operands: [Parameter] { self.parameters.filter(\.isOperand) }
    var options: [Parameter] { self.parameters.filter { !$0.isOperand } }

    func subcommand(_ word: String) -> Command? {
        self.subcommands.first { $0.name == word || $0.aliases.contains(word) }
    }
}
