// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension EmbeddedKafka {
    /// Creates a topic. The leader of partition 0 is broker 1, that of partition 1 broker 2, and so on around.
    ///
    /// - Parameters:
    ///   - name: the topic's name.
    ///   - partitions: how many partitions it has.
    ///   - replicationFactor: how many brokers are named as replicas of each.
    ///   - configuration: Kafka's names and values; what Kafka would refuse is refused. Here `max.message.bytes`,
    ///     `message.timestamp.type`, `message.timestamp.after.max.ms`, `min.insync.replicas`, `retention.bytes`, and that
    ///     `cleanup.policy` has `compact` mean something.
    public func createTopic(
        _ name: String, partitions: Int = 1, replicationFactor: Int = 1, configuration: [String: String] = [:]
    ) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            do throws(BrokerError) {
                let assignments = try cluster.checkedAssignments(
                    name: name, partitions: partitions, replicationFactor: replicationFactor)
                if let problem = TopicConfiguration.problem(with: configuration) {
                    throw BrokerError(.invalidConfig, problem)
                }
                cluster.createTopic(name, assignments: assignments, configuration: configuration)
            } catch {
                throw EmbeddedKafkaError(error)
            }
        }
    }

    /// Deletes a topic, its records and what groups have committed for it.
    public func deleteTopic(_ name: String) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            guard let topic = cluster.topic(name) else { throw EmbeddedKafkaError.unknown(topic: name) }
            cluster.deleteTopic(topic)
        }
    }

    /// The names of all topics, sorted.
    public func topics() async throws(EmbeddedKafkaError) -> [String] {
        try await self.onLoop { $0.topics.keys.sorted() }
    }

    /// The first offset that a partition has, and the offset that its next record will get.
    public func offsets(of topic: String, partition: Int) async throws(EmbeddedKafkaError) -> Range<Int64> {
        try await self.onPartition(topic, partition) { _, partition in
            partition.log.startOffset..<partition.log.endOffset
        }
    }

    /// Cuts off what a partition has from `offset` on, as if a broker that lacks it had been elected leader: the same
    /// broker leads on, in a new epoch. A batch that holds `offset` goes as a whole.
    public func truncate(_ topic: String, partition: Int, to offset: Int64) async throws(EmbeddedKafkaError) {
        try await self.onPartition(topic, partition) { cluster, partition in
            partition.log.truncate(to: max(offset, 0))
            cluster.lead(partition, by: partition.leader)
        }
    }

    /// Moves the start of a partition up to `offset`, as Kafka's DeleteRecords and retention do.
    public func deleteRecords(
        _ topic: String, partition: Int, before offset: Int64
    ) async throws(EmbeddedKafkaError) {
        try await self.onPartition(topic, partition) { cluster, partition throws(EmbeddedKafkaError) in
            do throws(BrokerError) {
                try partition.log.deleteRecords(before: offset)
            } catch {
                throw EmbeddedKafkaError(error)
            }
            cluster.wakeFetches(of: partition)
        }
    }

    func onPartition<Result: Sendable>(
        _ topic: String, _ index: Int,
        _ body: @escaping @Sendable (EmbeddedCluster, Partition) throws(EmbeddedKafkaError) -> Result
    ) async throws(EmbeddedKafkaError) -> Result {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            guard let known = cluster.topic(topic) else { throw EmbeddedKafkaError.unknown(topic: topic) }
            guard let index = Int32(exactly: index), let partition = known.partition(index) else {
                throw EmbeddedKafkaError(
                    "Topic '\(topic)' has no partition \(index).", code: .unknownTopicOrPartition)
            }
            return try body(cluster, partition)
        }
    }
}

extension EmbeddedKafkaError {
    static func unknown(topic: String) -> EmbeddedKafkaError {
        EmbeddedKafkaError("There is no topic '\(topic)'.", code: .unknownTopicOrPartition)
    }

    static func unknown(broker: Int) -> EmbeddedKafkaError {
        EmbeddedKafkaError("There is no broker \(broker).")
    }
}
