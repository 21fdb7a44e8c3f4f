// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaTestSupport
import Testing

/// The built program `page-views`, as a user runs it.
enum PageViewsProgram {
    struct Result {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Starts the program. `limits` are shell commands that run before it.
    static func start(_ arguments: [String], kafka: String? = nil, limits: String? = nil) throws -> ChildProcess {
        var command = ["/usr/bin/env", "BOOTSTRAP_SERVERS=\(kafka ?? "")", BuiltProgram.path("page-views")] + arguments
        if let limits { command = ["/bin/sh", "-c", "\(limits); exec \"$@\"", "sh"] + command }
        return try ChildProcess("page-views", command, output: .lines(errors: TemporaryFolder.path("page-views")))
    }

    /// Runs the program to its end.
    static func run(_ arguments: [String], kafka: String? = nil, limits: String? = nil) async throws -> Result {
        let program = try self.start(arguments, kafka: kafka, limits: limits)
        var output = ""
        for await line in program.lines { output += line + "\n" }
        return Result(status: await program.ended(), output: output, errors: program.errors)
    }

    /// Runs the program to its end, which must be successful.
    @discardableResult
    static func succeed(
        _ arguments: [String], kafka: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let result = try await self.run(arguments, kafka: kafka)
        #expect(result.status == 0, "\(result.errors)", sourceLocation: sourceLocation)
        return result.output
    }
}

/// A Kafka cluster for the program.
enum Kafka: Sendable, CustomTestStringConvertible {
    case embedded
    case real(KafkaInstallation)

    static let all = (RealKafka.isWanted("embedded") ? [Kafka.embedded] : []) + RealKafka.installations.map(Kafka.real)

    var testDescription: String {
        switch self {
        case .embedded: "embedded-kafka"
        case .real(let installation): "\(installation)"
        }
    }

    /// Runs `body` with a new topic of six partitions.
    func withTopic(_ body: (_ bootstrapServers: String, _ topic: String) async throws -> Void) async throws {
        let topic = "page-views-\(UInt32.random(in: 0...UInt32.max))"
        switch self {
        case .embedded:
            let program = try ChildProcess(
                "embedded-kafka", [BuiltProgram.path("embedded-kafka"), "--port", "0", "--topic", "\(topic):6"],
                output: .lines(errors: TemporaryFolder.path("embedded-kafka")))
            var lines = program.lines.makeAsyncIterator()
            let servers = try #require(await lines.next())
            try await body(servers, topic)
            await program.stop()
        case .real(let installation):
            let cluster = try await SharedClusters.all.cluster(installation)
            try await cluster.createTopic(topic, partitions: 6)
            try await body(cluster.bootstrap, topic)
        }
    }
}
