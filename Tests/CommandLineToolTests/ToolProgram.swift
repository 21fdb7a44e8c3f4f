// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaTestSupport
import Testing

/// The built program `async-kafka`, as a user runs it, with a home directory of its own.
struct ToolProgram {
    struct Result {
        var status: Int32
        var output: [String]
        var errors: String
    }

    let home = TemporaryFolder.path("home").path
    var environment: [String: String] = [:]

    init(_ bootstrapServers: [String] = []) {
        if !bootstrapServers.isEmpty {
            self.environment["ASYNC_KAFKA_BOOTSTRAP_SERVERS"] = bootstrapServers.joined(separator: ",")
        }
    }

    func start(_ arguments: [String], input: String? = nil) throws -> ChildProcess {
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
    func run(_ arguments: [String], input: String? = nil) async throws -> Result {
        let program = try self.start(arguments, input: input)
        var lines: [String] = []
        for await line in program.lines { lines.append(line) }
        return Result(status: await program.ended(), output: lines, errors: program.errors)
    }

    /// Runs the program to its end, which must be successful, and returns the lines of its output.
    @discardableResult
    func succeed(
        _ arguments: String..., input: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [String] {
        let result = try await self.run(arguments, input: input)
        #expect(result.status == 0, "\(arguments): \(result.errors)", sourceLocation: sourceLocation)
        return result.output
    }
}
