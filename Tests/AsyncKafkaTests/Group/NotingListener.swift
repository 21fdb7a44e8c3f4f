// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka

@testable import AsyncKafka

/// A listener that logs its callbacks and runs a test's closures in them.
struct NotingListener: ConsumerRebalanceListener {
    let name: String
    let log: EventLog
    var onRevoked: @Sendable ([TopicPartition], KafkaConsumer) async throws -> Void = { _, _ in }
    var onAssigned: @Sendable ([TopicPartition], KafkaConsumer) async throws -> Void = { _, _ in }
    var onLost: @Sendable ([TopicPartition], KafkaConsumer) async throws -> Void = { _, _ in }

    private func text(_ partitions: [TopicPartition]) -> String {
        partitions.map { "\($0.partition)" }.joined(separator: ",")
    }

    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.log.add("\(self.name) revoking \(self.text(partitions))")
        try await self.onRevoked(partitions, consumer)
        self.log.add("\(self.name) revoked \(self.text(partitions))")
    }

    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.log.add("\(self.name) assigning \(self.text(partitions))")
        try await self.onAssigned(partitions, consumer)
        self.log.add("\(self.name) assigned \(self.text(partitions))")
    }

    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.log.add("\(self.name) lost \(self.text(partitions))")
        try await self.onLost(partitions, consumer)
    }

    /// Creates a consumer of the group "g" with this listener that subscribes to "t".
    func member(
        of kafka: EmbeddedKafka, closeTimeout: Duration, log: any KafkaLog = SilentLog()
    ) throws -> KafkaConsumer {
        var configuration = kafka.consuming("g")
        configuration.closeTimeout = closeTimeout
        configuration.cluster.log = log
        let consumer = try KafkaConsumer(configuration, listener: self)
        try consumer.subscribe(to: ["t"])
        return consumer
    }
}

/// Tests of a listener's callbacks.
protocol ListenerSuite {}

extension ListenerSuite {
    /// Reads the topic "t" as a member with this listener, until `stop` is fulfilled or `each` throws.
    func read(
        _ configuration: ConsumerConfiguration, _ listener: NotingListener, until stop: Promise<Void>? = nil,
        _ each: @escaping @Sendable (ConsumerRecord, KafkaConsumer) async throws -> Void = { _, _ in }
    ) async throws {
        try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"], listener: listener) { consumer in
            try await withThrowingTaskGroup(of: Void.self) { group in
                if let stop {
                    group.addTask {
                        try? await stop.value()
                        consumer.triggerGracefulShutdown()
                    }
                }
                for try await record in consumer.records { try await each(record, consumer) }
                stop?.fulfill(.success(()))
            }
        }
    }
}
