// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if ServiceLifecycle
@testable import AsyncKafka
import EmbeddedKafka
import Logging
import ServiceLifecycle
import Testing

/// Clients as services of a group (trait `ServiceLifecycle`).
@Suite(.timeLimit(.minutes(1))) struct ServiceLifecycleTests {
    /// A service whose work is a closure.
    private struct Work: Service {
        let body: @Sendable () async throws -> Void
        func run() async throws { try await self.body() }
    }

    /// Runs a group, and shuts it down gracefully when `body` returns.
    private func withGroup(
        _ services: [any Service], _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let group = ServiceGroup(
            services: services, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        async let run: Void = group.run()
        try await body()
        await group.triggerGracefulShutdown()
        try await run
    }

    /// What was accepted is delivered, and what was processed is committed.
    @Test func aGroupThatShutsDownEndsItsClientsGracefully() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let producer = try KafkaProducer(kafka.producing { $0.linger = .seconds(30) })
            let transactional = try KafkaTransactionalProducer(kafka.producing(), transactionalID: "a")
            let admin = try KafkaAdminClient(kafka.clientConfiguration)
            var configuration = kafka.consuming("g")
            configuration.autoCommitInterval = .seconds(60)
            let hasRead = Promise<Void>()
            let reader = Work { [configuration] in
                try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                    for try await _ in consumer.records { hasRead.fulfill(.success(())) }
                }
            }
            try await self.withGroup([admin, transactional, producer, reader]) {
                try await transactional.withTransaction {
                    _ = try await $0.send(ProducerRecord(topic: "t", value: "first"))
                }
                try await producer.enqueue(ProducerRecord(topic: "t", value: "second"))
                try await hasRead.value()
            }
            #expect(try await kafka.records(of: "t").count == 2)
            // Before or behind the marker of the transaction.
            #expect([1, 2].contains(try await kafka.groupOffset("g", "t")))
        }
    }

    /// A producer in a scope writes until its closure has returned, also while the group shuts down.
    @Test func aScopesProducerOutlivesItsConsumer() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            for topic in ["in", "out"] { try await kafka.createTopic(topic) }
            try await kafka.fill("in", 1)
            var configuration = kafka.consuming("g")
            configuration.enableAutoCommit = false
            let (isReading, isShuttingDown) = (Promise<Void>(), Promise<Void>())
            let service = Work { [configuration] in
                try await KafkaProducer.withProducer(kafka.producing()) { producer in
                    try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["in"]) { consumer in
                        for try await record in consumer.records {
                            try await withGracefulShutdownHandler {
                                isReading.fulfill(.success(()))
                                try await isShuttingDown.value()
                            } onGracefulShutdown: {
                                isShuttingDown.fulfill(.success(()))
                            }
                            _ = try await producer.send(ProducerRecord(topic: "out", value: record.value))
                            try await consumer.commit()
                        }
                    }
                }
            }
            try await self.withGroup([service]) { try await isReading.value() }
            #expect(try await kafka.records(of: "out").count == 1)
            #expect(try await kafka.groupOffset("g", "in") == 1)
        }
    }
}
#endif
