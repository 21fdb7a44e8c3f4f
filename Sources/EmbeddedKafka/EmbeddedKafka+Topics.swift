// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension EmbeddedKafka {
    /// Creates a topic. The running brokers lead its partitions in turn: broker 1 leads partition 0, broker 2 partition 1,
    /// and so on.
    ///
    /// - Parameters:
    ///   - name: The name of the topic.
    ///   - partitions: The number of partitions, at most 100 000. Default: 1.
    ///   - replicationFactor: The number of replicas of each partition, at most the number of running brokers. Default: 1.
    ///   - configuration: Topic settings by Kafka's names, validated as in Kafka. Those with an effect are
    ///     `cleanup.policy` with `retention.ms`, `retention.bytes`, `delete.retention.ms`, `min.cleanable.dirty.ratio` and
    ///     the compaction lags, `compression.type` with the levels, `max.message.bytes`, `message.timestamp.type`,
    ///     `message.timestamp.before.max.ms`, `message.timestamp.after.max.ms` and `min.insync.replicas`. Default: none.
    /// - Throws: ``EmbeddedKafkaError`` with the code that Kafka returns: `.topicAlreadyExists`, `.invalidTopicException` for
    ///   the name, `.invalidPartitions`, `.invalidReplicationFactor` or `.invalidConfig`. Without a code if the cluster has
    ///   been stopped.
    public func createTopic(
        _ name: String, partitions: Int = 1, replicationFactor: Int = 1, configuration: [String: String] = [:]
    ) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            do throws(BrokerError) {
                let assignments = try cluster.checkedAssignments(
                    name: name, partitions: partitions, replicationFactor: replicationFactor)
                if let problem = TopicSettings.problem(with: configuration) {
                    throw BrokerError(.invalidConfig, problem)
                }
                cluster.createTopic(name, assignments: assignments, configuration: configuration)
            } catch {
                throw EmbeddedKafkaError(error)
            }
        }
    }

    /// Deletes a topic with its records and the committed offsets for it.
    ///
    /// - Throws: ``EmbeddedKafkaError`` with the code `.unknownTopicOrPartition` if the topic doesn't exist, and without a code
    ///   if the cluster has been stopped.
    public func deleteTopic(_ name: String) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            guard let topic = cluster.topic(name) else { throw EmbeddedKafkaError.unknown(topic: name) }
            cluster.deleteTopic(topic)
        }
    }

    /// Returns the names of all topics, sorted.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the cluster has been stopped.
    public func topics() async throws(EmbeddedKafkaError) -> [String] {
        try await self.onLoop { $0.topics.keys.sorted() }
    }

    /// Returns the range from the first offset of a partition to its log end offset, the offset of the next record.
    ///
    /// - Throws: ``EmbeddedKafkaError`` with the code `.unknownTopicOrPartition` if the topic or partition doesn't exist, and
    ///   without a code if the cluster has been stopped.
    public func offsets(of topic: String, partition: Int) async throws(EmbeddedKafkaError) -> Range<Int64> {
        try await self.onPartition(topic, partition) { _, partition in
            partition.log.startOffset..<partition.log.endOffset
        }
    }

    /// Removes the records of a partition from `offset` on, as if a broker without them had become leader. The leader
    /// stays the same, in a new epoch. A batch that contains `offset` is removed completely.
    ///
    /// - Parameters:
    ///   - topic: The name of the topic.
    ///   - partition: The number of the partition.
    ///   - offset: The first offset to remove. At or after the log end offset no record is removed.
    /// - Throws: ``EmbeddedKafkaError`` with the code `.unknownTopicOrPartition` if the topic or partition doesn't exist, and
    ///   without a code if the cluster has been stopped.
    public func truncate(_ topic: String, partition: Int, to offset: Int64) async throws(EmbeddedKafkaError) {
        try await self.onPartition(topic, partition) { cluster, partition in
            partition.log.truncate(to: max(offset, 0))
            cluster.lead(partition, by: partition.leader)
        }
    }

    /// Deletes the records of a partition before `offset`, like Kafka's DeleteRecords and retention.
    ///
    /// - Parameters:
    ///   - topic: The name of the topic.
    ///   - partition: The number of the partition.
    ///   - offset: The first offset to keep, or -1 to delete all records.
    /// - Throws: ``EmbeddedKafkaError`` with the code `.offsetOutOfRange` if `offset` is after the log end offset or less than
    ///   -1, with `.unknownTopicOrPartition` if the topic or partition doesn't exist, and without a code if the cluster has
    ///   been stopped.
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
