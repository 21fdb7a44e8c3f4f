// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension Command {
    /// The exit status of a program whose command line is wrong.
    package static let misused: Int32 = 2

    /// Runs what the words after the program's name ask for: a command, or the help.
    ///
    /// - Parameters:
    ///   - words: The words after the program's name.
    ///   - width: The number of columns for the help.
    ///   - write: Writes lines to standard output.
    ///   - complain: Writes lines to standard error.
    /// - Returns: The exit status: 0, or `misused` after an error in the command line, which may also be a `UsageError` that
    ///   a command throws.
    /// - Throws: The other errors of the command.
    package func run(
        _ words: some Sequence<String>, width: Int, write: (String) throws -> Void, complain: (String) -> Void
    ) async throws -> Int32 {
        do {
            switch try self.parse(words) {
            case .help(let path): try write(Help(of: path, width: width).text)
            case .run(let command, let arguments):
                do {
                    try await command.run?(arguments)
                } catch let error as UsageError {
                    throw Misuse(error: error, path: arguments.path)
                }
            }
            return 0
        } catch let misuse as Misuse {
            complain("\(self.name): \(misuse)")
            return Self.misused
        }
    }
}
