// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The built program `async-kafka`, as a user runs it, with a home directory of its own.
package struct ToolProgram {
    package struct Result: Sendable {
        package var status: Int32
        package var output: [String]
        package var errors: String

        package init(status: Int32, output: [String], errors: String) {
            self.status = status
            self.output = output
            self.errors = errors
        }
    }

    /// The program has failed.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String

        package init(description: String) { self.description = description }
    }

    package let home = TemporaryFolder.path("home").path
    package var environment: [String: String] = [:]

    package init(_ bootstrapServers: [String] = []) {
        if !bootstrapServers.isEmpty {
            self.environment["ASYNC_KAFKA_BOOTSTRAP_SERVERS"] = bootstrapServers.joined(separator: ",")
        }
    }

    package func start(_ arguments: [String], input: String? = nil) throws -> ChildProcess {
        var file: URL?
        if let input {
            file = TemporaryFolder.path("input")
            try file.map { try Data(input.utf8).write(to: $0) }
        }
        let variables = self.environment.map { "\($0.key)=\($0.value)" } + ["ASYNC_KAFKA_HOME=\(self.home)"]
        return try ChildProcess(
            "async-kafka", ["/usr/bin/env"] + variables + [BuiltProgram.path("async-kafka")] + arguments, input: file,
            output: .lines(errors: TemporaryFolder.path("async-kafka")))
    }

    /// Runs the program to its end.
    package func run(_ arguments: [String], input: String? = nil) async throws -> Result {
        let program = try self.start(arguments, input: input)
        var lines: [String] = []
        for await line in program.lines { lines.append(line) }
        return Result(status: await program.ended(), output: lines, errors: program.errors)
    }

    /// Runs the program to its end, and returns the lines of its output. Throws if it fails.
    @discardableResult
    package func succeed(_ arguments: String..., input: String? = nil) async throws -> [String] {
        let result = try await self.run(arguments, input: input)
        guard result.status == 0 else {
            throw Failure(
                description: "async-kafka \(arguments.joined(separator: " ")): \(result.status), \(result.errors)")
        }
        return result.output
    }

    /// Runs the program with `-o json`, and returns the object that it prints.
    package func object(_ arguments: String...) async throws -> [String: Any] { try await self.json(arguments) }

    /// Runs the program with `-o json`, and returns the list of objects that it prints.
    package func objects(_ arguments: String...) async throws -> [[String: Any]] { try await self.json(arguments) }

    private func json<Value>(_ arguments: [String]) async throws -> Value {
        let result = try await self.run(arguments + ["-o", "json"])
        let text = result.output.joined(separator: "\n")
        guard result.status == 0, let value = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? Value else {
            throw Failure(
                description:
                    "async-kafka \(arguments.joined(separator: " ")): \(result.status), \(text) \(result.errors)")
        }
        return value
    }
}
