// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory
import KafkaTestSupport

/// A group member that logs its callbacks and reads. It commits only in `partitionsRevoked`.
final class LoggedMember: ConsumerRebalanceListener {
    let name: String
    private let log: GroupLog
    private let life = Lock(Life())

    private struct Life {
        var consumer: KafkaConsumer?
        /// May be set before there is a consumer to stop.
        var isStopped = false
    }

    init(_ name: String, _ log: GroupLog) {
        self.name = name
        self.log = log
    }

    /// Returns the configuration of a member that ends as if its process were killed: it commits nothing, and remains in the group
    /// until its session ends.
    static func dying(_ configuration: ConsumerConfiguration) -> ConsumerConfiguration {
        var configuration = configuration
        configuration.callRevokedOnLeave = false
        configuration.groupMembershipOnClose = .remainInGroup
        return configuration
    }

    /// Reads until `stop`.
    func run(_ configuration: ConsumerConfiguration, topics: [String]) async throws {
        try await self.run(configuration, TopicPattern { topics.contains($0) }, topics: topics)
    }

    func run(_ configuration: ConsumerConfiguration, _ pattern: TopicPattern, topics: [String]? = nil) async throws {
        var configuration = configuration
        configuration.enableAutoCommit = false
        configuration.cluster.clientID = self.name
        let consumer = try KafkaConsumer(configuration, listener: self)
        if let topics {
            try consumer.subscribe(to: topics)
        } else {
            try consumer.subscribe(toTopicsMatching: pattern)
        }
        let isStopped = self.life.withLock { life in
            life.consumer = consumer
            return life.isStopped
        }
        if isStopped { consumer.triggerGracefulShutdown() }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await consumer.run() }
                for try await record in consumer.records {
                    self.log.read(record.offset, of: record.topicPartition, by: self.name)
                }
                try await group.waitForAll()
            }
        } catch {
            self.log.failed(error)
            throw error
        }
    }

    /// Stops the member gracefully.
    func stop() {
        let consumer = self.life.withLock { life in
            life.isStopped = true
            return life.consumer
        }
        consumer?.triggerGracefulShutdown()
    }

    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.log.add(self.name, .revoking, partitions)
        try await consumer.commit()
        self.log.add(self.name, .revoked, partitions)
    }

    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.log.add(self.name, .assigning, partitions)
        for partition in partitions { _ = try await consumer.position(of: partition) }
        self.log.add(self.name, .assigned, partitions)
    }

    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) {
        self.log.add(self.name, .lost, partitions)
    }
}
