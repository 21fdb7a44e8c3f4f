// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import Testing

@testable import async_kafka

/// All commands: the examples of their help are command lines that work, and no two parameters have the same name.
struct ExampleTests {
    /// The commands that can be run, with the words that name them.
    private static func leaves(_ command: Command, _ path: [String] = []) -> [(words: [String], command: Command)] {
        command.subcommands.isEmpty
            ? [(path, command)] : command.subcommands.flatMap { Self.leaves($0, path + [$0.name]) }
    }

    /// The parameters of each command that can be run, with those that it inherits.
    private static func parameters(_ command: Command, _ inherited: [Parameter] = []) -> [[Parameter]] {
        let all = inherited + command.parameters
        return command.subcommands.isEmpty ? [all] : command.subcommands.flatMap { Self.parameters($0, all) }
    }

    @Test func noCommandHasTwoParametersOfTheSameName() {
        for parameters in Self.parameters(Program.command) {
            let names = parameters.map(\.name) + parameters.compactMap { $0.short.map { "-\($0)" } }
            #expect(Set(names).count == names.count, "\(names)")
        }
    }

    /// The words of the parts of a line that begin with the program's name, as a shell splits them.
    private func commandLines(_ line: String) -> [[String]] {
        var parts: [[String]] = [[]]
        var word: String?
        var quote: Character?
        func end() {
            if let text = word { parts[parts.count - 1].append(text) }
            word = nil
        }
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if "|<>;()".contains(character) {
                end()
                parts.append([])
            } else if character == " " {
                end()
            } else {
                word = (word ?? "") + String(character)
            }
        }
        end()
        return parts.compactMap { words in
            words.firstIndex(of: "async-kafka").map { Array(words[($0 + 1)...]) }
        }
    }

    @Test func everyCommandHasAnExampleThatItUnderstands() throws {
        for (words, command) in Self.leaves(Program.command) {
            #expect(!command.examples.isEmpty, "\(words.joined(separator: " "))")
            for example in command.examples {
                let lines = self.commandLines(example.line)
                #expect(lines.contains { $0.starts(with: words) }, "\(example.line)")
                for line in lines {
                    let misuse: Command.Misuse?
                    do throws(Command.Misuse) {
                        _ = try Program.command.parse(line)
                        misuse = nil
                    } catch {
                        misuse = error
                    }
                    #expect(misuse == nil, "\(example.line): \(misuse?.description ?? "")")
                }
            }
        }
    }
}
