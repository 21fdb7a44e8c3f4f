// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaTestSupport
import Testing

/// What a suite runs on: the embedded broker, or a version of real Kafka that is on this machine.
enum TestEnvironment: Sendable, CustomTestStringConvertible {
    case embedded
    case real(KafkaInstallation)

    /// The embedded broker first: where it fails too, the fault is ours and quickly found.
    static let all: [TestEnvironment] =
        (RealKafka.isWanted("embedded") ? [.embedded] : []) + RealKafka.installations.map { .real($0) }

    /// Those that are real.
    static let real: [TestEnvironment] = RealKafka.installations.map { .real($0) }

    var testDescription: String {
        switch self {
        case .embedded: "EmbeddedKafka"
        case .real(let installation): installation.description
        }
    }

    /// The one cluster that all tests of the process share.
    func cluster() async throws -> TestCluster {
        switch self {
        case .embedded: .embedded(try await SharedEmbeddedKafka.all.kafka())
        case .real(let installation): .real(try await SharedClusters.all.cluster(installation))
        }
    }
}

/// A cluster to talk to, whatever is behind it.
enum TestCluster: Sendable {
    case embedded(EmbeddedKafka)
    case real(RealCluster)

    var bootstrapServers: [String] {
        switch self {
        case .embedded(let kafka): kafka.bootstrapServers
        case .real(let cluster): cluster.bootstrapServers
        }
    }

    /// As Kafka's tools take them.
    var bootstrap: String { self.bootstrapServers.joined(separator: ",") }

    /// For our clients. What they log at warning is expected where brokers are killed.
    var client: KafkaClientConfiguration {
        var configuration = KafkaClientConfiguration(bootstrapServers: self.bootstrapServers)
        configuration.log = SilentLog()
        return configuration
    }

    /// Makes a topic of a name that nobody else has: it begins with `name`.
    func createTopic(
        _ name: String = "topic", partitions: Int = 1, settings: [String: String] = [:]
    ) async throws -> String {
        let name = unique(name)
        switch self {
        case .embedded(let kafka):
            try await kafka.createTopic(name, partitions: partitions, configuration: settings)
        case .real(let cluster):
            try await cluster.createTopic(name, partitions: partitions, settings: settings)
        }
        return name
    }
}

/// A name that no other test has.
func unique(_ name: String) -> String {
    "\(name)-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
}

/// One embedded broker for all tests.
private actor SharedEmbeddedKafka {
    static let all = SharedEmbeddedKafka()

    private var starting: Task<EmbeddedKafka, any Error>?

    func kafka() async throws -> EmbeddedKafka {
        if let task = self.starting { return try await task.value }
        let task = Task {
            var configuration = EmbeddedKafka.Configuration()
            // As the real ones of the rig: what nobody made is not there, and short sessions are allowed.
            configuration.createsTopicsAutomatically = false
            configuration.sessionTimeouts = .seconds(1) ... .seconds(1800)
            configuration.maximumRequestBytes = 100 << 20
            return try await EmbeddedKafka.start(configuration)
        }
        self.starting = task
        return try await task.value
    }
}

/// All suites, one after the other: they share two cores with the brokers.
@Suite(.serialized)
struct InteropTests {}
