// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// `async-kafka completions`
enum Completions {
    private static let shell = Operand<CompletionScript>("SHELL", .word("SHELL"), "bash, zsh or fish.")

    static let command: Command = Command(
        "completions", "prints the script with which a shell completes commands, topics and groups",
        takes: [Self.shell],
        examples: [
            Command.Example("source <(async-kafka completions bash)", "In ~/.bashrc"),
            Command.Example("source <(async-kafka completions zsh)", "In ~/.zshrc, after compinit"),
            Command.Example("async-kafka completions fish | source", "In ~/.config/fish/config.fish"),
        ]
    ) { arguments in
        try StandardStream.output.writeLine(arguments[Self.shell].text(for: Program.command.name))
    }

    /// Prints what a shell offers for the last of the words, which follow `--`. Returns the exit status.
    static func answer(_ words: [String]) async -> Int32 {
        let words = words.first == "--" ? Array(words.dropFirst()) : words
        do {
            switch Program.command.candidates(for: words) {
            case .files: try StandardStream.output.writeLine(CompletionScript.files)
            case .words(let candidates):
                for candidate in candidates {
                    let help = candidate.help.isEmpty ? "" : "\t" + candidate.help
                    try StandardStream.output.writeLine(candidate.word + help)
                }
            case .lines(let command):
                // Without a terminal no password is asked for in the middle of a line.
                setsid()
                // The prompt waits for it, so that a cluster that doesn't answer must not take long.
                let hasTimeout = command.contains { $0.hasPrefix(ConnectionOptions.timeout.parameter.name) }
                _ = try await Program.command.run(
                    command + (hasTimeout ? [] : ["--timeout", "2s"]), width: 80, write: { _ in }, complain: { _ in })
            }
            return 0
        } catch {
            return 1
        }
    }
}

/// `async-kafka manual`
enum Manual {
    static let command: Command = Command(
        "manual", "prints the manual page", examples: [Command.Example("async-kafka manual | man -l -", "Read it")]
    ) { _ in
        try StandardStream.output.writeLine(ManualPage(of: Program.command).text)
    }
}
