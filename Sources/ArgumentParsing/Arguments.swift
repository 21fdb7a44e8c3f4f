// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The values of a command's parameters.
package struct Arguments: Sendable {
    /// The words that name the command, beginning with the program's name.
    package internal(set) var path: [String] = []
    private var values: [String: [any Sendable]] = [:]

    /// Whether a flag is set.
    package subscript(flag: Flag) -> Bool { self.values[flag.parameter.name] != nil }

    /// The value of an option, or nil if it isn't given.
    package subscript<Value>(option: Option<Value>) -> Value? {
        let values: [Value] = self.read(option.parameter)
        return values.last
    }

    /// All values of an option that may be repeated.
    package subscript<Value>(all option: Option<Value>) -> [Value] { self.read(option.parameter) }

    /// The value of a required option.
    package subscript<Value>(option: RequiredOption<Value>) -> Value { self.readRequired(option.parameter) }

    /// The value of an operand.
    package subscript<Value>(operand: Operand<Value>) -> Value { self.readRequired(operand.parameter) }

    /// The values of operands.
    package subscript<Value>(operands: Operands<Value>) -> [Value] { self.read(operands.parameter) }

    /// The parser refuses a command line without the value. So only a command that reads a parameter that it doesn't declare
    /// traps here: a mistake in the program, whatever a user types.
    private func readRequired<Value>(_ parameter: Parameter) -> Value {
        let values: [Value] = self.read(parameter)
        guard let value = values.first else { preconditionFailure("The command doesn't take \(parameter.name).") }
        return value
    }

    /// The values are stored by the parameter that has parsed them. So only two parameters of the same name on one command
    /// trap here: a mistake in the program, which a test of all commands finds.
    private func read<Value>(_ parameter: Parameter) -> [Value] {
        (self.values[parameter.name] ?? []).map { value in
            guard let value = value as? Value else {
                preconditionFailure("\(parameter.name) is declared twice, with different types.")
            }
            return value
        }
    }

    /// Parses and adds a value.
    mutating func add(_ text: String, for parameter: Parameter, writtenAs name: String) throws(UsageError) {
        if !parameter.isRepeatable, !parameter.isOperand, self.values[parameter.name] != nil {
            throw UsageError("\(parameter.name) is given twice")
        }
        do throws(UsageError) {
            self.values[parameter.name, default: []].append(try parameter.parse(text))
        } catch {
            throw UsageError("\(name) \"\(text)\": \(error)")
        }
    }

    func count(of parameter: Parameter) -> Int { self.values[parameter.name]?.count ?? 0 }
}
