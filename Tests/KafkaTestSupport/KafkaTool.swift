// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

extension RealCluster {
    /// All bootstrap servers in the format of Kafka's tools.
    package nonisolated var bootstrap: String { self.bootstrapServers.joined(separator: ",") }

    /// Runs one of Kafka's command-line classes to its end.
    @discardableResult
    package nonisolated func run(_ tool: String, _ arguments: [String], input: String? = nil) async throws -> [String] {
        try await KafkaTool.run(tool, arguments, input: input)
    }
}

/// Runs Kafka's own clients and command-line classes.
package enum KafkaTool {
    /// Starts a class. It runs until it ends, is stopped, or the test process dies.
    package static func start(
        _ tool: String, _ arguments: [String], input: String? = nil, classPath: String? = nil, options: [String] = []
    ) throws -> ChildProcess {
        guard let java = RealKafka.java, let classPath = classPath ?? RealKafka.toolsClassPath else {
            throw RealCluster.Failure(description: "Kafka's command-line tools are not there")
        }
        let file = TemporaryFolder.path("tool")
        var source: URL?
        if let input {
            source = file.appendingPathExtension("in")
            try source.map { try Data(input.utf8).write(to: $0) }
        }
        let command =
            [
                java, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
            ] + RealKafka.loggingToErrors + RealKafka.temporaryFiles + options + ["-cp", classPath, tool] + arguments
        return try ChildProcess(
            tool.split(separator: ".").last.map(String.init) ?? tool, command, input: source,
            output: .lines(errors: file.appendingPathExtension("err")))
    }

    /// Runs a class to its end and returns the lines of its standard output.
    ///
    /// It runs in the JVM of `ToolHost`, unless it needs options of its own. A class that calls Java's `System.exit` or
    /// `Runtime.addShutdownHook` instead of Kafka's `Exit` must be started with `start`, such as those whose names begin
    /// with `Verifiable`.
    @discardableResult
    package static func run(
        _ tool: String, _ arguments: [String], input: String? = nil, classPath: String? = nil, options: [String] = []
    ) async throws -> [String] {
        guard options.isEmpty, JavaProgram.isAvailable else {
            return try await Self.start(tool, arguments, input: input, classPath: classPath, options: options).output()
        }
        return try await ToolHost.shared(classPath).run(tool, arguments, input: input ?? "")
    }

    /// Runs a class for the duration of `body`.
    package static func with<Result>(
        _ tool: String, _ arguments: [String], input: String? = nil,
        _ body: (ChildProcess) async throws -> sending Result
    ) async throws -> sending Result {
        try await Self.start(tool, arguments, input: input).lend(body)
    }

    /// The error of a class that has ended with a status other than 0.
    static func failure(of name: String, status: Int32, lines: [String], errors: String) -> RealCluster.Failure {
        RealCluster.Failure(
            description: "\(name) ended with \(status):\n\(lines.suffix(20).joined(separator: "\n"))\n"
                + errors.suffix(4000))
    }
}

extension ChildProcess {
    /// Waits for the program's end and returns the lines of its standard output. Throws with the program's output if
    /// the exit status isn't 0.
    @discardableResult
    package func output() async throws -> [String] {
        var lines: [String] = []
        for await line in self.lines { lines.append(line) }
        let status = await self.ended()
        guard status == 0 else {
            throw KafkaTool.failure(of: self.name, status: status, lines: lines, errors: self.errors)
        }
        return lines
    }

    /// Runs `body` and then ends the program, even if `body` throws.
    package func lend<Result>(
        _ body: (ChildProcess) async throws -> sending Result
    ) async throws -> sending Result {
        do {
            let result = try await body(self)
            await self.stop(within: .seconds(5))
            return result
        } catch {
            await self.stop(within: .seconds(5))
            throw error
        }
    }

    /// The events that Kafka's "verifiable" clients print, one a line.
    package var events: some AsyncSequence<ToolEvent, Never> & Sendable {
        self.lines.compactMap { line in
            try? JSONDecoder().decode(ToolEvent.self, from: Data(line.utf8))
        }
    }
}

/// A line of JSON from `VerifiableProducer` or `VerifiableConsumer`, or from the Python scripts, which use the same
/// format.
package struct ToolEvent: Decodable, Sendable {
    /// `startup_complete`, `producer_send_success`, `records_consumed`, `record_data`, `partitions_assigned` …
    package let name: String
    /// The time of the event in milliseconds since 1970.
    package let timestamp: Int64?
    package let topic: String?
    package let partition: Int?
    package let offset: Int64?
    package let key: String?
    package let value: String?
    package let count: Int?
    package let success: Bool?
    package let partitions: [Partition]?
    package let offsets: [Partition]?

    package struct Partition: Decodable, Sendable, Hashable {
        package let topic: String
        package let partition: Int
        package let offset: Int64?
        package let count: Int?
        package let minOffset: Int64?
        package let maxOffset: Int64?
    }
}
