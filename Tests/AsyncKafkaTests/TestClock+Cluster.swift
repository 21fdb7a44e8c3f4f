// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaTestSupport

@testable import AsyncKafka

extension TestClock {
    /// Runs `body` with a single-broker cluster on this clock, while time passes by itself.
    func withBroker(
        atMost limit: Duration = .seconds(60), _ body: @escaping @Sendable (EmbeddedKafka) async throws -> Void
    ) async throws {
        try await self.withCluster(EmbeddedKafka.Configuration(), atMost: limit, body)
    }

    /// Runs `body` with a cluster on this clock, while time passes by itself.
    func withCluster(
        brokers: Int, atMost limit: Duration = .seconds(60),
        _ body: @escaping @Sendable (EmbeddedKafka) async throws -> Void
    ) async throws {
        try await self.withCluster(EmbeddedKafka.Configuration(brokers: brokers), atMost: limit, body)
    }

    /// Runs `body` with a cluster on this clock, while time passes by itself.
    func withCluster(
        _ configuration: EmbeddedKafka.Configuration, atMost limit: Duration = .seconds(60),
        _ body: @escaping @Sendable (EmbeddedKafka) async throws -> Void
    ) async throws {
        var configuration = configuration
        configuration.clock = self.loopClock
        try await self.passing(atMost: limit) { [configuration] in
            try await EmbeddedKafka.withCluster(configuration, body)
        }
    }

    /// Runs `body` with an admin client that is connected to a cluster on this clock: of three brokers, if none is given.
    func withAdminClient(
        _ configuration: EmbeddedKafka.Configuration = EmbeddedKafka.Configuration(brokers: 3),
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaAdminClient) async throws -> Void
    ) async throws {
        try await self.withCluster(configuration) { kafka in
            var client = kafka.clientConfiguration
            client.log = SilentLog()
            try await KafkaAdminClient.withAdminClient(client) { try await body(kafka, $0) }
        }
    }

    /// Runs `body` with the cluster of an admin client, which is connected to three brokers on this clock.
    func withAdminOfThreeBrokers(
        _ body: @escaping @Sendable (EmbeddedKafka, Cluster) async throws -> Void
    ) async throws {
        try await self.withAdminClient { try await body($0, $1.cluster) }
    }
}
