// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension Command {
    /// What a command line asks for.
    package enum Request: Sendable {
        case run(Command, Arguments)
        /// The help of the last command of a path.
        case help([Command])
    }

    /// An error in a command line, with the command that it is about.
    package struct Misuse: Error, CustomStringConvertible {
        package var error: UsageError
        /// The words that name the command, beginning with the program's name.
        package var path: [String]

        /// The error in a sentence, and where to find help.
        package var description: String {
            let end = self.error.description.hasSuffix("?") ? "" : "."
            return "\(self.error)\(end) See \(self.path.joined(separator: " ")) --help."
        }
    }

    /// Parses the words after the program's name.
    package func parse(_ words: some Sequence<String>) throws(Misuse) -> Request {
        var parser = Parser(root: self)
        do throws(UsageError) {
            return try parser.parse(Array(words))
        } catch {
            throw Misuse(error: error, path: parser.path.map(\.name))
        }
    }
}

/// Reads the words of a command line one after the other.
private struct Parser {
    /// The commands named so far, from the root on.
    var path: [Command]
    private var rest: ArraySlice<String> = []
    private var arguments = Arguments()
    private var operands: [String] = []

    init(root: Command) { self.path = [root] }

    private var command: Command { self.path[self.path.count - 1] }

    mutating func parse(_ words: [String]) throws(UsageError) -> Command.Request {
        self.rest = words[...]
        while let word = self.rest.popFirst() {
            if word == "--" {
                self.operands += self.rest
                self.rest = []
            } else if word == "--help" || word == "-h" {
                // The words behind it may name a command, as in `program --help topics`.
                for word in self.rest { self.command.subcommand(word).map { self.path.append($0) } }
                return .help(self.path)
            } else if word.hasPrefix("--") {
                try self.readLong(word)
            } else if word.hasPrefix("-"), let letter = word.dropFirst().first, !letter.isNumber {
                try self.readShort(word.dropFirst())
            } else if self.operands.isEmpty, !self.command.subcommands.isEmpty {
                if word == "help" {
                    for word in self.rest { self.command.subcommand(word).map { self.path.append($0) } }
                    return .help(self.path)
                }
                try self.enter(word)
            } else {
                self.operands.append(word)
            }
        }
        guard self.command.run != nil else {
            if self.path.count == 1 { return .help(self.path) }
            let names = self.command.subcommands.map(\.name).joined(separator: ", ")
            throw UsageError("\(self.command.name) needs one of \(names)")
        }
        for option in self.path.flatMap(\.options) where option.isRequired && self.arguments.count(of: option) == 0 {
            throw UsageError("\(option.name) is missing")
        }
        try self.assignOperands()
        self.arguments.path = self.path.map(\.name)
        return .run(self.command, self.arguments)
    }

    private mutating func enter(_ word: String) throws(UsageError) {
        guard let subcommand = self.command.subcommand(word) else {
            let known = self.command.subcommands.flatMap { [$0.name] + $0.aliases }
            throw UsageError("There is no command \"\(word)\"\(known.suggestion(for: word))")
        }
        self.path.append(subcommand)
    }

    /// `--name`, `--name VALUE` or `--name=VALUE`.
    private mutating func readLong(_ word: String) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let visible = self.path.flatMap(\.options)
        guard let parameter = visible.first(where: { $0.name == parts[0] }) else {
            throw UsageError("There is no option \(parts[0])\(visible.map(\.name).suggestion(for: parts[0]))")
        }
        if parameter.isFlag {
            guard parts.count == 1 else { throw UsageError("\(parts[0]) takes no value") }
            try self.arguments.add("", for: parameter, writtenAs: parts[0])
        } else {
            guard let value = parts.count == 2 ? parts[1] : self.rest.popFirst() else {
                throw UsageError("\(parts[0]) needs a value: \(parameter.placeholder)")
            }
            try self.arguments.add(value, for: parameter, writtenAs: parts[0])
        }
    }

    /// One or more flags, and at last an option with its value: `-y`, `-p 12`, `-yp12`.
    private mutating func readShort(_ letters: Substring) throws(UsageError) {
        var letters = letters
        while let letter = letters.popFirst() {
            let name = "-\(letter)"
            guard let parameter = self.path.flatMap(\.options).first(where: { $0.short == letter }) else {
                throw UsageError("There is no option \(name)")
            }
            if parameter.isFlag {
                try self.arguments.add("", for: parameter, writtenAs: name)
                continue
            }
            guard let value = letters.isEmpty ? self.rest.popFirst() : String(letters) else {
                throw UsageError("\(name) needs a value: \(parameter.placeholder)")
            }
            return try self.arguments.add(value, for: parameter, writtenAs: name)
        }
    }

    /// Each operand takes as many words as it may, and leaves those that the operands behind it require.
    private mutating func assignOperands() throws(UsageError) {
        var rest = self.operands[...]
        var required = self.command.operands.map { Self.count($0).lowerBound }.reduce(0, +)
        for parameter in self.command.operands {
            let range = Self.count(parameter)
            required -= range.lowerBound
            let count = min(range.upperBound, max(rest.count - required, 0))
            guard count >= range.lowerBound else { throw UsageError("\(parameter.name) is missing") }
            for word in rest.prefix(count) {
                try self.arguments.add(word, for: parameter, writtenAs: parameter.name)
            }
            rest = rest.dropFirst(count)
        }
        if let word = rest.first { throw UsageError("\"\(word)\" is one word too many") }
    }

    private static func count(_ parameter: Parameter) -> ClosedRange<Int> {
        if case .operand(let range) = parameter.form { range } else { 0...0 }
    }
}

extension [String] {
    /// A question that offers the word with the fewest differences, or nothing if none is similar.
    fileprivate func suggestion(for word: String) -> String {
        let distances = self.map { (word: $0, distance: $0.editDistance(to: word)) }
        guard let nearest = distances.min(by: { $0.distance < $1.distance }),
            nearest.distance <= (word.count < 4 ? 1 : Swift.max(2, word.count / 3))
        else { return "" }
        return "; did you mean \(nearest.word)?"
    }
}

extension String {
    /// The number of letters to insert, remove or replace to make one word from the other (Levenshtein).
    fileprivate func editDistance(to other: String) -> Int {
        let other = Array(other)
        var row = Array(0...other.count)
        for (index, letter) in self.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in other.indices {
                let above = row[column + 1]
                row[column + 1] = Swift.min(above + 1, row[column] + 1, diagonal + (letter == other[column] ? 0 : 1))
                diagonal = above
            }
        }
        return row[other.count]
    }
}
