// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if ServiceLifecycle
import AsyncKafka
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

    /// Every kind of client runs in a group, and ends gracefully with it: what was accepted is delivered, and what was processed
    /// committed.
    @Test func aGroupThatShutsDownEndsItsClientsGracefully() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let producer = try KafkaProducer(kafka.producing { $0.linger = .seconds(30) })
            let transactional = try KafkaTransactionalProducer(kafka.producing(), transactionalID: "a")
            var configuration = kafka.consuming("g")
            configuration.autoCommitInterval = .seconds(60)
            let consumer = try KafkaConsumer(configuration)
            let admin = try KafkaAdminClient(kafka.clientConfiguration)
            let reader = Work {
                try await consumer.subscribe(to: ["t"])
                for try await _ in consumer.records {}
            }
            let group = ServiceGroup(
                services: [admin, transactional, producer, consumer, reader],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            async let run: Void = group.run()
            try await transactional.withTransaction {
                _ = try await $0.send(ProducerRecord(topic: "t", value: "first"))
            }
            try await producer.enqueue(ProducerRecord(topic: "t", value: "second"))
            try await kafka.untilHandedOut(1, of: consumer)
            await group.triggerGracefulShutdown()
            try await run
            #expect(try await kafka.records(of: "t").count == 2)
            #expect(try await kafka.groupOffset("g", "t") ?? 0 >= 1)
        }
    }
}

extension EmbeddedKafka {
    /// Waits until a consumer's position is behind this many records of the topic `t`.
    fileprivate func untilHandedOut(_ count: Int64, of consumer: KafkaConsumer) async throws {
        try await eventually("records are read") {
            consumer.assignment.contains(TopicPartition("t", 0))
                && (try await consumer.position(of: TopicPartition("t", 0))) >= count
        }
    }
}
#endif
