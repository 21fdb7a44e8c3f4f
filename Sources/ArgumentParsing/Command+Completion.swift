// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension Command {
    /// What may stand in the place of the last word of an unfinished command line.
    package enum Candidates: Hashable, Sendable {
        /// Words, each with its help.
        case words([Candidate])
        case files
        /// The lines that the program prints for this command line.
        case lines(of: [String])
    }

    package struct Candidate: Hashable, Sendable {
        package var word: String
        package var help: String
    }

    /// Returns what a shell offers. Words that make no sense are passed over.
    ///
    /// - Parameter words: The words after the program's name. The last one is being typed, and may be empty. For `--name=VALUE`
    ///   the candidates are values.
    package func candidates(for words: [String]) -> Candidates {
        var path = [self]
        var rest = words.dropLast()[...]
        let typed = words.last ?? ""
        var operandCount = 0
        // The options of the root, such as how to connect, also hold for the command whose lines are offered.
        var ofRoot: [String] = []
        while let word = rest.popFirst() {
            if word.hasPrefix("-"), word.count > 1 {
                guard let parameter = path.flatMap(\.options).first(where: { $0.isNamed(word) }) else { continue }
                let takesNext = !parameter.isFlag && !word.contains("=")
                if takesNext, rest.isEmpty { return self.candidates(of: parameter, typed, ofRoot) }
                let value = takesNext ? rest.popFirst() : nil
                if self.options.contains(where: { $0.name == parameter.name }) {
                    ofRoot += [word] + (value.map { [$0] } ?? [])
                }
            } else if operandCount == 0, let subcommand = path[path.count - 1].subcommand(word) {
                path.append(subcommand)
            } else {
                operandCount += 1
            }
        }
        let command = path[path.count - 1]
        if typed.hasPrefix("--"), let end = typed.firstIndex(of: "=") {
            guard let parameter = path.flatMap(\.options).first(where: { $0.isNamed(typed) }) else { return .words([]) }
            return self.candidates(of: parameter, String(typed[typed.index(after: end)...]), ofRoot)
        }
        if typed.hasPrefix("-") {
            return .words(path.reversed().flatMap(\.options).candidates(typed))
        }
        if !command.subcommands.isEmpty {
            let subcommands = command.subcommands.filter { $0.name.hasPrefix(typed) }
            return .words(subcommands.map { Candidate(word: $0.name, help: $0.summary) })
        }
        let operands = command.operands.flatMap { parameter -> [Parameter] in
            guard case .operand(let count) = parameter.form else { return [] }
            return Array(repeating: parameter, count: min(count.upperBound, operandCount + 1))
        }
        guard operandCount < operands.count else { return .words([]) }
        return self.candidates(of: operands[operandCount], typed, ofRoot)
    }

    private func candidates(of parameter: Parameter, _ typed: String, _ ofRoot: [String]) -> Candidates {
        switch parameter.completion {
        case .nothing: .words([])
        case .files: .files
        case .words(let words): .words(words.filter { $0.hasPrefix(typed) }.map { Candidate(word: $0, help: "") })
        case .lines(let command): .lines(of: ofRoot + command)
        }
    }
}

extension Parameter {
    /// Whether a word names this option, in any form.
    fileprivate func isNamed(_ word: String) -> Bool {
        if word.hasPrefix("--") { return word == self.name || word.hasPrefix(self.name + "=") }
        return self.short != nil && word.dropFirst().first == self.short
    }
}

extension [Parameter] {
    fileprivate func candidates(_ typed: String) -> [Command.Candidate] {
        self.filter { $0.name.hasPrefix(typed) }.map { Command.Candidate(word: $0.name, help: $0.help) }
    }
}
