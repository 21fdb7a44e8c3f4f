// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// An option, a flag or an operand of a command, whatever the type of its value.
package struct Parameter: Sendable {
    enum Form: Sendable {
        case flag
        case option
        /// The number of values.
        case operand(ClosedRange<Int>)
    }

    /// `--partitions` for an option or flag, `TOPIC` for an operand.
    package internal(set) var name: String
    /// The letter of the short form: `p` for `-p`.
    package internal(set) var short: Character?
    var form: Form
    var isRepeatable = false
    /// Whether the command line must have the option.
    var isRequired = false
    var help: String
    /// What stands for the value in the help: `N`. Empty for a flag.
    var placeholder: String
    var completion: Completion
    let parse: @Sendable (String) throws(UsageError) -> any Sendable

    var isOperand: Bool { if case .operand = self.form { true } else { false } }
    var isFlag: Bool { if case .flag = self.form { true } else { false } }
}

/// What a shell offers for a value.
package enum Completion: Hashable, Sendable {
    case nothing
    case files
    case words([String])
    /// The lines that a command of the program prints.
    case lines(of: [String])
}

/// What a command can declare to take: an option, a flag, an operand or operands.
package protocol Declared: Sendable {
    var parameter: Parameter { get }
}

/// An option without a value: `--yes`.
package struct Flag: Declared {
    package let parameter: Parameter

    package init(_ name: String, short: Character? = nil, _ help: String) {
        self.parameter = Parameter(
            name: name, short: short, form: .flag, help: help, placeholder: "", completion: .nothing, parse: { $0 })
    }
}

/// An option with a value: `--partitions 12`, `--partitions=12`, `-p 12` or `-p12`.
package struct Option<Value: Sendable>: Declared {
    package let parameter: Parameter

    /// - Parameter isRepeatable: Whether the option may be given several times, for several values.
    package init(
        _ name: String, short: Character? = nil, _ kind: ValueKind<Value>, isRepeatable: Bool = false, _ help: String
    ) {
        self.parameter = Parameter(
            name: name, short: short, form: .option, isRepeatable: isRepeatable, help: help,
            placeholder: kind.placeholder, completion: kind.completion, parse: kind.parse)
    }
}

/// An option that must be given.
package struct RequiredOption<Value: Sendable>: Declared {
    package let parameter: Parameter

    package init(_ name: String, short: Character? = nil, _ kind: ValueKind<Value>, _ help: String) {
        self.parameter = Parameter(
            name: name, short: short, form: .option, isRequired: true, help: help, placeholder: kind.placeholder,
            completion: kind.completion, parse: kind.parse)
    }
}

/// A value without a name that a command requires.
package struct Operand<Value: Sendable>: Declared {
    package let parameter: Parameter

    package init(_ name: String, _ kind: ValueKind<Value>, _ help: String) {
        self.parameter = Parameter(
            name: name, short: nil, form: .operand(1...1), help: help, placeholder: name, completion: kind.completion,
            parse: kind.parse)
    }
}

/// Several values without a name. They follow a command's other operands.
package struct Operands<Value: Sendable>: Declared {
    package let parameter: Parameter

    package init(_ name: String, _ kind: ValueKind<Value>, count: ClosedRange<Int>, _ help: String) {
        self.parameter = Parameter(
            name: name, short: nil, form: .operand(count), help: help, placeholder: name, completion: kind.completion,
            parse: kind.parse)
    }
}
