// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The options of a command: `--name VALUE`, `--name=VALUE` and `--flag`.
struct Options {
    private var values: [String: String] = [:]
    private var flags: Set<String> = []

    /// Parses the arguments. `names` are the options that take a value.
    init(_ words: some Sequence<String>, names: Set<String>, flags: Set<String> = []) throws(WrongArguments) {
        var words = words.makeIterator()
        while let word = words.next() {
            guard word.hasPrefix("--") else { throw WrongArguments("\"\(word)\" is no option") }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            if flags.contains(name), parts.count == 1 {
                self.flags.insert(name)
            } else if names.contains(name) {
                guard let value = parts.count == 2 ? String(parts[1]) : words.next(), !value.isEmpty else {
                    throw WrongArguments("--\(name) needs a value")
                }
                guard self.values.updateValue(value, forKey: name) == nil else {
                    throw WrongArguments("--\(name) is there twice")
                }
            } else {
                throw WrongArguments("there is no option \(word)")
            }
        }
    }

    /// The value of an optional option.
    subscript(name: String) -> String? { self.values[name] }

    /// Returns whether a flag is set.
    func has(_ flag: String) -> Bool { self.flags.contains(flag) }

    /// Returns the value of a required option.
    func required(_ name: String) throws(WrongArguments) -> String {
        guard let value = self.values[name] else { throw WrongArguments("--\(name) is missing") }
        return value
    }

    /// Returns the value of an option as a number, which must be at least 1.
    func number(_ name: String) throws(WrongArguments) -> Int? {
        guard let value = self.values[name] else { return nil }
        guard let number = Int(value), number >= 1 else {
            throw WrongArguments("--\(name) must be a number of at least 1, and is \(value)")
        }
        return number
    }
}

/// An error in the command line.
struct WrongArguments: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
