// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaConsumer {
    /// Where to seek.
    @nonexhaustive
    public enum SeekTarget: Hashable, Sendable {
        /// To the record with this offset, or the next that there is.
        case offset(Int64)
        /// To the oldest record.
        case beginning
        /// Behind the newest record. With `.readCommitted`, before the first that is not decided.
        case end
        /// To the group's committed offset; `.noOffsetForPartition` is thrown if there is none.
        case committed
        /// To the first record that is at least as new; to the end if there is none. A negative time is refused.
        case timestamp(Timestamp)
    }

    /// An offset that was looked up by its timestamp.
    public struct OffsetAndTimestamp: Hashable, Sendable {
        /// The offset of the record.
        public var offset: Int64
        /// The timestamp of that record.
        public var timestamp: Timestamp
        /// The epoch of the leader that stored it, if known.
        public var leaderEpoch: Int32?
    }

    // MARK: Positions

    /// Goes on reading a partition from another place. What was fetched of it is dropped.
    ///
    /// When this returns, the position is set; for `.offset` no broker is asked.
    public func seek(_ partition: TopicPartition, to target: SeekTarget) async throws(KafkaError) {
        if case .timestamp(let time) = target { try Self.check(time, of: partition) }
        try await self.positions.seek(partition, to: target)
    }

    /// Negative times are special values in Kafka's protocol. A record that has no time reports -1.
    private static func check(_ time: Timestamp, of partition: TopicPartition) throws(KafkaError) {
        guard time.millisecondsSince1970 < 0 else { return }
        throw KafkaError(
            .invalidArgument, "A timestamp must not be negative: \(time).", topic: partition.topic,
            partition: partition.partition)
    }

    /// The offset of the next record of the partition that will be handed out. Waits until there is a position.
    public func position(of partition: TopicPartition) async throws(KafkaError) -> Int64 {
        try await self.positions.position(of: partition)
    }

    /// How many records the partition has that were not handed out yet, as of the last answer of its broker; nil before
    /// the first. With `.readCommitted`, up to the first record that is not decided. Asks nobody.
    public func lag(of partition: TopicPartition) throws(KafkaError) -> Int64? {
        try self.core.state.withLock { state throws(KafkaError) in
            _ = try state.subscriptions.require(partition)
            return state.subscriptions.lag(of: partition)
        }
    }

    // MARK: Offsets

    /// The group's committed offset of a partition, of any topic; nil if there is none.
    public func committedOffset(of partition: TopicPartition) async throws(KafkaError) -> OffsetAndMetadata? {
        try await self.committedOffsets(of: [partition])[partition]
    }

    /// The group's committed offsets of these partitions, as far as there are any.
    public func committedOffsets(
        of partitions: [TopicPartition]
    ) async throws(KafkaError) -> [TopicPartition: OffsetAndMetadata] {
        try await self.positions.committed(partitions)
    }

    /// The offset of the oldest record of each partition, or of the next one if it is empty.
    public func beginningOffsets(of partitions: [TopicPartition]) async throws(KafkaError) -> [TopicPartition: Int64] {
        try await self.list(Dictionary(partitions.map { ($0, OffsetTarget.earliest) }) { $1 })
            .compactMapValues { $0?.offset }
    }

    /// The offset behind the newest record of each partition. With `.readCommitted`, that of the first that is not decided.
    public func endOffsets(of partitions: [TopicPartition]) async throws(KafkaError) -> [TopicPartition: Int64] {
        try await self.list(Dictionary(partitions.map { ($0, OffsetTarget.latest) }) { $1 })
            .compactMapValues { $0?.offset }
    }

    /// The first record of each partition that is at least as new as its timestamp. Partitions that have none are left out.
    public func offsets(
        for timestamps: [TopicPartition: Timestamp]
    ) async throws(KafkaError) -> [TopicPartition: OffsetAndTimestamp] {
        for (partition, time) in timestamps { try Self.check(time, of: partition) }
        let found = try await self.list(timestamps.mapValues { .timestamp($0.millisecondsSince1970) })
        return found.compactMapValues { listed in
            listed.map {
                OffsetAndTimestamp(
                    offset: $0.offset, timestamp: Timestamp(millisecondsSince1970: $0.timestamp),
                    leaderEpoch: $0.epoch)
            }
        }
    }

    /// Looks offsets up at the partitions' leaders, until all have answered or the API timeout is over.
    private func list(
        _ targets: [TopicPartition: OffsetTarget]
    ) async throws(KafkaError) -> [TopicPartition: ListedOffset?] {
        let call = ListOffsetsCall(
            targets: targets, isolationLevel: self.core.configuration.isolationLevel,
            now: self.core.loop.clock.coarseWallMilliseconds)
        return try await self.core.cluster.perform(call, for: Array(targets.keys), deadline: self.core.apiDeadline)
            .allSucceeded()
    }
}

extension KafkaConsumer {
    /// The numbers of a topic's partitions. Waits the API timeout at most.
    public func partitions(of topic: String) async throws(KafkaError) -> [Int32] {
        try await self.core.cluster.topic(topic, deadline: self.core.apiDeadline).partitions.map(\.index)
    }
}
