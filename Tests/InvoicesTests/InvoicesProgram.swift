// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import Foundation
import KafkaTestSupport
import Testing

/// The built program `invoices` on a cluster, as a user runs it.
struct InvoicesProgram {
    struct Result {
        var status: Int32
        var output: String
        var errors: String
    }

    let bootstrapServers: String
    let prefix: String

    /// Starts a command, whose topics have the prefix.
    func start(_ arguments: [String]) throws -> ChildProcess {
        try ChildProcess(
            "invoices",
            ["/usr/bin/env", "BOOTSTRAP_SERVERS=\(self.bootstrapServers)", BuiltProgram.path("invoices")]
                + arguments + (arguments.isEmpty ? [] : ["--prefix", self.prefix]),
            output: .lines(errors: TemporaryFolder.path("invoices")))
    }

    /// Runs a command to its end.
    func run(_ arguments: [String]) async throws -> Result {
        let program = try self.start(arguments)
        var output = ""
        for await line in program.lines { output += line + "\n" }
        return Result(status: await program.ended(), output: output, errors: program.errors)
    }

    /// Runs a command to its end, which must be successful.
    @discardableResult
    func succeed(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
        let result = try await self.run(arguments)
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
        case .embedded: "EmbeddedKafka"
        case .real(let installation): "\(installation)"
        }
    }

    /// Whether a group's commits in transactions are fenced by its generation (KIP-447, Kafka 2.5).
    var fencesGenerations: Bool {
        switch self {
        case .embedded: true
        case .real(let installation): installation.version >= KafkaVersion(2, 5)
        }
    }

    /// Runs `body` with the program, whose topics have six partitions.
    func withProgram(_ body: (InvoicesProgram) async throws -> Void) async throws {
        let prefix = "test\(UInt32.random(in: 0...UInt32.max))-"
        switch self {
        case .embedded:
            try await EmbeddedKafka.withBroker { kafka in
                try await body(InvoicesProgram(bootstrapServers: kafka.bootstrapServers[0], prefix: prefix))
            }
        case .real(let installation):
            let cluster = try await SharedClusters.all.cluster(installation)
            for topic in ["orders", "invoices"] { try await cluster.createTopic(prefix + topic, partitions: 6) }
            try await cluster.createTopic(
                prefix + "totals", partitions: 6, settings: ["cleanup.policy": "compact"])
            try await body(InvoicesProgram(bootstrapServers: cluster.bootstrap, prefix: prefix))
        }
    }
}
