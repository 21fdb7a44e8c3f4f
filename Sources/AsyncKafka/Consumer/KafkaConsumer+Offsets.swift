// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaConsumer {
    /// A target of `seek`.
    @nonexhaustive
    public enum SeekTarget: Hashable, Sendable {
        /// The record with this offset, or the next one that exists.
        case offset(Int64)
        /// The oldest record.
        case beginning
        /// The end of the log, after the newest record. With `.readCommitted`, the first record of the oldest open
        /// transaction.
        case end
        /// The group's committed offset. `seek` throws `.noOffsetForPartition` if there is none.
        case committed
        /// The first record with at least this timestamp, or the end of the log if there is none. Negative timestamps
        /// are refused.
        case timestamp(Timestamp)
    }

    /// An offset found by its timestamp.
    public struct OffsetAndTimestamp: Hashable, Sendable {
        /// The offset of the record.
        public var offset: Int64
        /// The timestamp of the record.
        public var timestamp: Timestamp
        /// The epoch of the leader that stored the record, if known.
        public var leaderEpoch: Int32?
    }

    // MARK: Positions

    /// Moves the position of a partition. Records that were fetched from it are dropped.
    ///
    /// The position is set when this returns. `.offset` sends no request.
    ///
    /// - Throws: `.illegalState` if the partition isn't assigned to this consumer, or for `.committed` without a
    ///   `groupID`; `.invalidArgument` if an offset or a timestamp is negative; `.noOffsetForPartition` if there is no
    ///   committed offset; `.timedOut` if the position isn't found within the API timeout; or the broker's error.
    public func seek(_ partition: TopicPartition, to target: SeekTarget) async throws(KafkaError) {
        if case .timestamp(let time) = target { try Self.check(time, of: partition) }
        try await self.positions.seek(partition, to: target)
    }

    /// Checks that a timestamp isn't negative. Negative ones have special meanings in Kafka's protocol, and a record
    /// without a timestamp reports -1.
    private static func check(_ time: Timestamp, of partition: TopicPartition) throws(KafkaError) {
        guard time.millisecondsSince1970 < 0 else { return }
        throw KafkaError(
            .invalidArgument, "A timestamp must not be negative: \(time).", topic: partition.topic,
            partition: partition.partition)
    }

    /// Returns the offset of the next record that will be delivered from a partition. Waits until the position is
    /// known.
    ///
    /// - Throws: `.illegalState` if the partition isn't assigned to this consumer; `.noOffsetForPartition`,
    ///   `.offsetOutOfRange` or `.logTruncated` if `autoOffsetReset` is `.none` and the position has to be set with
    ///   `seek`; `.timedOut` after the API timeout; or the broker's error.
    public func position(of partition: TopicPartition) async throws(KafkaError) -> Int64 {
        try await self.positions.position(of: partition)
    }

    /// Returns how many offsets of a partition haven't been delivered yet, according to the last answer of its broker;
    /// nil before the first answer. With `.readCommitted`, only records before the oldest open transaction count. Sends
    /// no request.
    ///
    /// - Throws: `.illegalState` if the partition isn't assigned to this consumer.
    public func lag(of partition: TopicPartition) throws(KafkaError) -> Int64? {
        try self.core.state.withLock { state throws(KafkaError) in
            _ = try state.subscriptions.require(partition)
            return state.subscriptions.lag(of: partition)
        }
    }

    // MARK: Offsets

    /// Returns the group's committed offset of a partition, which may belong to any topic; nil if there is none.
    ///
    /// - Throws: `.illegalState` without a `groupID`; `.timedOut` after the API timeout; `.closed`; or the broker's
    ///   error.
    public func committedOffset(of partition: TopicPartition) async throws(KafkaError) -> OffsetAndMetadata? {
        try await self.committedOffsets(of: [partition])[partition]
    }

    /// Returns the group's committed offsets of these partitions, without those that have none.
    ///
    /// - Throws: `.illegalState` without a `groupID`; `.timedOut` after the API timeout; `.closed`; or the broker's
    ///   error.
    public func committedOffsets(
        of partitions: [TopicPartition]
    ) async throws(KafkaError) -> [TopicPartition: OffsetAndMetadata] {
        try await self.positions.committed(partitions)
    }

    /// Returns the offset of the oldest record of each partition. For an empty partition, that is the offset of the
    /// next record.
    ///
    /// - Throws: `.timedOut` after the API timeout; `.closed`; or the broker's error.
    public func beginningOffsets(of partitions: [TopicPartition]) async throws(KafkaError) -> [TopicPartition: Int64] {
        try await self.list(Dictionary(partitions.map { ($0, OffsetTarget.earliest) }) { $1 })
            .compactMapValues { $0?.offset }
    }

    /// Returns the end offset of each partition, which is after its newest record. With `.readCommitted`, it is the
    /// offset of the first record of the oldest open transaction.
    ///
    /// - Throws: `.timedOut` after the API timeout; `.closed`; or the broker's error.
    public func endOffsets(of partitions: [TopicPartition]) async throws(KafkaError) -> [TopicPartition: Int64] {
        try await self.list(Dictionary(partitions.map { ($0, OffsetTarget.latest) }) { $1 })
            .compactMapValues { $0?.offset }
    }

    /// Returns, for each partition, the first record with at least the given timestamp. Partitions without such a
    /// record are omitted.
    ///
    /// - Throws: `.invalidArgument` if a timestamp is negative; `.timedOut` after the API timeout; `.closed`; or the
    ///   broker's error.
    public func offsets(
        for timestamps: [TopicPartition: Timestamp]
    ) async throws(KafkaError) -> [TopicPartition: OffsetAndTimestamp] {
        for (partition, time) in timestamps { try Self.check(time, of: partition) }
        let found = try await self.list(timestamps.mapValues { .timestamp($0.millisecondsSince1970) })
        return found.compactMapValues { listed in
            listed.map {
                OffsetAndTimestamp(
                    offset: $0.offset, timestamp: $0.timestamp ?? Timestamp(millisecondsSince1970: -1),
                    leaderEpoch: $0.leaderEpoch)
            }
        }
    }

    /// Looks up offsets at the partitions' leaders, within the API timeout.
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
    /// Returns the numbers of a topic's partitions. Waits until the topic is known, for the API timeout at most.
    ///
    /// - Throws: `.unknownTopicOrPartition` if the topic doesn't exist when the time is over; `.authorizationFailed`;
    ///   `.timedOut` without metadata; `.closed`.
    public func partitions(of topic: String) async throws(KafkaError) -> [Int32] {
        try await self.core.cluster.topic(topic, deadline: self.core.apiDeadline).partitions.map(\.index)
    }
}
