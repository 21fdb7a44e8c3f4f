// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// A heartbeat that is not answered ends its connection together with its wait: the next one goes over another, since the way to
/// the coordinator may be dead.
@Suite(.timeLimit(.minutes(1))) struct HeartbeatTimeTests {
    private let clock = TestClock()

    /// The connection for heartbeats.
    private func connection(of consumer: KafkaConsumer) throws -> BrokerConnection {
        try #require(consumer.cluster.connectionIfOpen(to: 1, for: .coordinator))
    }

    /// Lets time pass until something has happened.
    private func passTime(until hasHappened: () -> Bool) async {
        while !hasHappened(), !Task.isCancelled { await self.clock.advance(by: .milliseconds(100)) }
    }

    private func withMember(
        requestTimeout: Duration,
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaConsumer, EmbeddedKafka.Hold) async throws -> Void
    ) async throws {
        var cluster = EmbeddedKafka.Configuration()
        cluster.clock = self.clock.loopClock
        try await EmbeddedKafka.withCluster(cluster) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            var configuration = kafka.consuming("g")
            configuration.sessionTimeout = .seconds(45)
            configuration.heartbeatInterval = .seconds(3)
            configuration.enableAutoCommit = false
            configuration.cluster.requestTimeout = requestTimeout
            let settings = configuration
            let hold = EmbeddedKafka.Hold()
            let (isDone, hasEnded) = (Lock(false), Lock(false))
            let life = Task {
                defer { hasEnded.withLock { $0 = true } }
                try await KafkaConsumer.withConsumer(settings, subscribedTo: ["t"]) { consumer in
                    defer {
                        hold.release()
                        isDone.withLock { $0 = true }
                    }
                    let records = try await consumer.poll(timeout: .seconds(600))
                    #expect(records.count == 1)
                    try await body(kafka, consumer, hold)
                }
            }
            while !isDone.withLock({ $0 }), !hasEnded.withLock({ $0 }), !Task.isCancelled { await Task.yield() }
            // Closing may want some, for its pauses.
            await self.passTime { hasEnded.withLock { $0 } }
            try await life.value
        }
    }

    @Test func itWaitsNoLongerThanRequestsMay() async throws {
        try await self.withMember(requestTimeout: .seconds(5)) { kafka, consumer, hold in
            kafka.inject(.hold(hold), on: .heartbeat)
            await self.passTime { hold.count > 0 }
            let connection = try self.connection(of: consumer)
            await self.clock.advance(by: .milliseconds(4899))
            #expect(connection.isOpen)
            await self.clock.advance(by: .milliseconds(101))
            #expect(!connection.isOpen)
        }
    }

    @Test func alsoIfLookingForTheCoordinatorHasTakenItsTime() async throws {
        try await self.withMember(requestTimeout: .seconds(600)) { kafka, consumer, hold in
            let search = EmbeddedKafka.Hold()
            defer { search.release() }
            kafka.inject(.fail(.notCoordinator), on: .heartbeat)
            kafka.inject(.hold(search), on: .findCoordinator)
            kafka.inject(.hold(hold), on: .heartbeat)
            await self.passTime { search.count > 0 }
            await self.clock.advance(by: .seconds(10))
            search.release()
            await self.passTime { hold.count > 0 }
            let connection = try self.connection(of: consumer)
            // A third of the session is over.
            await self.clock.advance(by: .seconds(5))
            #expect(!connection.isOpen)
        }
    }
}
