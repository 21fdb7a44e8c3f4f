// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// An offset that was looked up in a log.
struct ListedOffset: Hashable, Sendable {
    var offset: Int64
    var timestamp: Int64
    var epoch: Int32?
}

extension OffsetTarget {
    /// The timestamp in ListOffsets; the special ones are negative.
    func timestamp(now: Int64) -> Int64 {
        switch self {
        case .latest: return -1
        case .earliest: return -2
        case .timestamp(let milliseconds): return milliseconds
        case .age(let age):
            let (seconds, attoseconds) = age.components
            return max(0, now - seconds * 1000 - attoseconds / 1_000_000_000_000_000)
        }
    }
}

extension Cluster {
    /// Looks offsets up in the logs that a broker leads. A partition's own failure is in its result. Nil as a result
    /// means that no record is as new as that.
    func listOffsets(
        _ targets: [TopicPartition: (target: OffsetTarget, leaderEpoch: Int32?)], of broker: Int32,
        isolation: ConsumerConfiguration.IsolationLevel, deadline: MonotonicTime
    ) async throws(KafkaError) -> [TopicPartition: Result<ListedOffset?, KafkaError>] {
        let connection = try await self.connection(to: broker, deadline: deadline)
        let version = try connection.versions.version(for: ListOffsetsRequest.self, atMost: 9)
        let now = WallClock.coarseMilliseconds
        var request = ListOffsetsRequest()
        request.replicaId = -1
        if version >= 2 { request.isolationLevel = isolation.rawValue }
        request.topics = Dictionary(grouping: targets, by: \.key.topic).map { name, own in
            var topic = ListOffsetsRequest.ListOffsetsTopic()
            topic.name = name
            topic.partitions = own.map { partition, wanted in
                var entry = ListOffsetsRequest.ListOffsetsPartition()
                entry.partitionIndex = partition.partition
                entry.timestamp = wanted.target.timestamp(now: now)
                if version >= 4 { entry.currentLeaderEpoch = wanted.leaderEpoch ?? -1 }
                return entry
            }
            return topic
        }
        let response = try await connection.request(request, atMost: 9)
        var results: [TopicPartition: Result<ListedOffset?, KafkaError>] = [:]
        for topic in response.topics {
            for answer in topic.partitions {
                let partition = TopicPartition(topic.name, answer.partitionIndex)
                if answer.errorCode != .none {
                    results[partition] = .failure(
                        KafkaError(
                            answer.errorCode, doing: "looking an offset up", broker: connection.broker,
                            topic: partition.topic, partition: partition.partition))
                } else if answer.offset < 0 {
                    results[partition] = .success(nil)
                } else {
                    let epoch = answer.leaderEpoch < 0 ? nil : answer.leaderEpoch
                    results[partition] = .success(
                        ListedOffset(offset: answer.offset, timestamp: answer.timestamp, epoch: epoch))
                }
            }
        }
        for partition in targets.keys where results[partition] == nil {
            results[partition] = .failure(
                KafkaError(
                    .protocolError, "The broker's answer leaves a partition out.",
                    broker: connection.broker.description,
                    topic: partition.topic, partition: partition.partition, isRetriable: true))
        }
        return results
    }

    /// A group's committed offsets for these partitions, as far as it has any. One attempt.
    func committedOffsets(
        of partitions: [TopicPartition], group: String, deadline: MonotonicTime
    ) async throws(KafkaError) -> [TopicPartition: OffsetAndMetadata] {
        let coordinator = try await self.coordinator(.group, for: group, deadline: deadline)
        do {
            let connection = try await self.connection(to: coordinator, deadline: deadline)
            let version = try connection.versions.version(for: OffsetFetchRequest.self, atMost: 9)
            let response = try await connection.request(
                Self.offsetFetch(partitions, group: group, version: version), atMost: 9)
            return try Self.offsets(in: response, group: group, version: version, broker: connection.broker)
        } catch {
            let isMoved = error.brokerCode == .notCoordinator || error.brokerCode == .coordinatorNotAvailable
            if isMoved || error.brokerCode == nil { self.coordinatorFailed(.group, for: group, broker: coordinator) }
            throw error
        }
    }

    private static func offsetFetch(
        _ partitions: [TopicPartition], group: String, version: Int16
    ) -> OffsetFetchRequest {
        let byTopic = Dictionary(grouping: partitions, by: \.topic).sorted { $0.key < $1.key }
        var request = OffsetFetchRequest()
        // Offsets of transactions that are not decided are waited for (KIP-447).
        if version >= 7 { request.requireStable = true }
        if version >= 8 {
            var entry = OffsetFetchRequest.OffsetFetchRequestGroup()
            entry.groupId = group
            entry.topics = byTopic.map { name, own in
                var topic = OffsetFetchRequest.OffsetFetchRequestTopics()
                topic.name = name
                topic.partitionIndexes = own.map(\.partition)
                return topic
            }
            request.groups = [entry]
        } else {
            request.groupId = group
            request.topics = byTopic.map { name, own in
                var topic = OffsetFetchRequest.OffsetFetchRequestTopic()
                topic.name = name
                topic.partitionIndexes = own.map(\.partition)
                return topic
            }
        }
        return request
    }

    /// The error that stands above the partitions counts too: it comes with no partitions at all, which must not be
    /// taken for "nothing is committed".
    private static func offsets(
        in response: OffsetFetchResponse, group: String, version: Int16, broker: Broker
    ) throws(KafkaError) -> [TopicPartition: OffsetAndMetadata] {
        var offsets: [TopicPartition: OffsetAndMetadata] = [:]
        func check(_ code: ErrorCode, _ partition: TopicPartition? = nil) throws(KafkaError) {
            if code == .none { return }
            var error = KafkaError(
                code, doing: "asking for committed offsets", broker: broker, topic: partition?.topic,
                partition: partition?.partition, group: group)
            if code == .unstableOffsetCommit || code == .coordinatorLoadInProgress { error.isRetriable = true }
            throw error
        }
        func add(_ partition: TopicPartition, _ offset: Int64, _ epoch: Int32, _ metadata: String?, _ code: ErrorCode)
            throws(KafkaError)
        {
            try check(code, partition)
            guard offset >= 0 else { return }
            offsets[partition] = OffsetAndMetadata(
                offset: offset, leaderEpoch: epoch < 0 ? nil : epoch, metadata: metadata ?? "")
        }
        try check(response.errorCode)
        for topic in response.topics {
            for entry in topic.partitions {
                try add(
                    TopicPartition(topic.name, entry.partitionIndex), entry.committedOffset,
                    entry.committedLeaderEpoch, entry.metadata, entry.errorCode)
            }
        }
        guard version >= 8 else { return offsets }
        guard let answer = response.groups.first(where: { $0.groupId == group }) else {
            throw KafkaError(
                .protocolError, "The broker's answer about committed offsets leaves the group out.",
                broker: broker.description, group: group, isRetriable: true)
        }
        try check(answer.errorCode)
        for topic in answer.topics {
            for entry in topic.partitions {
                try add(
                    TopicPartition(topic.name, entry.partitionIndex), entry.committedOffset,
                    entry.committedLeaderEpoch, entry.metadata, entry.errorCode)
            }
        }
        return offsets
    }

    /// Where the logs that a broker leads end in given leader epochs (KIP-320); nil if the broker is too old to be asked.
    func endsOfEpochs(
        _ epochs: [TopicPartition: (epoch: Int32, leaderEpoch: Int32?)], of broker: Int32, deadline: MonotonicTime
    ) async throws(KafkaError) -> [TopicPartition: Result<Int64?, KafkaError>]? {
        let connection = try await self.connection(to: broker, deadline: deadline)
        guard connection.versions.supports(OffsetForLeaderEpochRequest.self, version: 3) else { return nil }
        var request = OffsetForLeaderEpochRequest()
        request.replicaId = -1
        request.topics = Dictionary(grouping: epochs, by: \.key.topic).map { name, own in
            var topic = OffsetForLeaderEpochRequest.OffsetForLeaderTopic()
            topic.topic = name
            topic.partitions = own.map { partition, wanted in
                var entry = OffsetForLeaderEpochRequest.OffsetForLeaderPartition()
                entry.partition = partition.partition
                entry.currentLeaderEpoch = wanted.leaderEpoch ?? -1
                entry.leaderEpoch = wanted.epoch
                return entry
            }
            return topic
        }
        let response = try await connection.request(request)
        var results: [TopicPartition: Result<Int64?, KafkaError>] = [:]
        for topic in response.topics {
            for answer in topic.partitions {
                let partition = TopicPartition(topic.topic, answer.partition)
                if answer.errorCode != .none {
                    results[partition] = .failure(
                        KafkaError(
                            answer.errorCode, doing: "validating a position", broker: connection.broker,
                            topic: partition.topic, partition: partition.partition))
                } else {
                    results[partition] = .success(
                        answer.endOffset < 0 || answer.leaderEpoch < 0 ? nil : answer.endOffset)
                }
            }
        }
        return results
    }
}
