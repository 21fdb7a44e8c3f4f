// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// A heartbeat that times out closes its connection, because the network path to the coordinator may be dead. The next
/// one uses a new connection.
@Suite(.timeLimit(.minutes(1))) struct HeartbeatTimeTests {
    private let clock = TestClock()

    /// Returns the connection that heartbeats use.
    private func connection(of consumer: KafkaConsumer) throws -> BrokerConnection {
        try #require(consumer.core.cluster.connectionIfOpen(to: 1, for: .coordinator))
    }

    private func withMember(
        requestTimeout: Duration,
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaConsumer, EmbeddedKafka.Hold) async throws -> Void
    ) async throws {
        try await self.clock.withCluster(EmbeddedKafka.Configuration(), atMost: .seconds(600)) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            var configuration = kafka.consuming("g")
            configuration.classic.sessionTimeout = .seconds(45)
            configuration.classic.heartbeatInterval = .seconds(3)
            configuration.enableAutoCommit = false
            configuration.cluster.requestTimeout = requestTimeout
            let hold = EmbeddedKafka.Hold()
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                defer { hold.release() }
                let record = try await consumer.nextRecord()
                #expect(record?.text == "v0")
                try await body(kafka, consumer, hold)
            }
        }
    }

    @Test func aHeartbeatWaitsForTheRequestTimeoutAtMost() async throws {
        try await self.withMember(requestTimeout: .seconds(5)) { kafka, consumer, hold in
            kafka.inject(.hold(hold), on: .heartbeat)
            await hold.untilHeld()
            let connection = try self.connection(of: consumer)
            try await self.clock.sleep(for: .milliseconds(4999))
            #expect(connection.isOpen)
            try await self.clock.sleep(for: .milliseconds(2))
            #expect(!connection.isOpen)
        }
    }

    @Test func aHeartbeatAfterASlowCoordinatorLookUpEndsInTimeToo() async throws {
        try await self.withMember(requestTimeout: .seconds(600)) { kafka, consumer, hold in
            let search = EmbeddedKafka.Hold()
            defer { search.release() }
            kafka.inject(.fail(.notCoordinator), on: .heartbeat)
            kafka.inject(.hold(search), on: .findCoordinator)
            kafka.inject(.hold(hold), on: .heartbeat)
            await search.untilHeld()
            try await self.clock.sleep(for: .seconds(10))
            search.release()
            await hold.untilHeld()
            let connection = try self.connection(of: consumer)
            #expect(connection.isOpen)
            // A third of the session has elapsed.
            try await self.clock.sleep(for: .milliseconds(5001))
            #expect(!connection.isOpen)
        }
    }
}
