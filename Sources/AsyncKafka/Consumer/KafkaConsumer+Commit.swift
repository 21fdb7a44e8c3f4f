// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaConsumer {
    /// Commits everything delivered so far, including the record or batch in hand, and moves past following offsets
    /// without records (transaction markers, compacted gaps). An unchanged offset is committed again. Errors that may
    /// pass are retried until the API timeout.
    ///
    /// - Throws: `.commitFailed` if the group has rebalanced, so that another member may own the partitions;
    ///   `.illegalState` without a `groupID`; `.closed`; `.timedOut`; or the broker's error. If several partitions were
    ///   not stored, or only some were, the error is that of one of them, its message lists all of them, and its
    ///   `underlyingError` is a ``PartialCommitError``.
    public func commit() async throws(KafkaError) {
        try await self.commits.commitHandedOut()
    }

    /// Commits the offset after a record: the record and all before it in its partition are processed.
    ///
    /// - Throws: `.commitFailed` also if the record's topic was deleted and recreated since; otherwise the same errors
    ///   as `commit(_:)` with offsets.
    public func commit(_ record: ConsumerRecord) async throws(KafkaError) {
        try self.commits.checkTopic(of: record)
        try await self.commit([
            record.topicPartition: OffsetAndMetadata(offset: record.offset + 1, leaderEpoch: record.leaderEpoch)
        ])
    }

    /// Commits offsets. The offset for a partition is that of the next record to read.
    ///
    /// - Throws: `.invalidArgument` if an offset is negative; `.commitFailed` if topics are subscribed to and this
    ///   consumer doesn't own one of the partitions; `.illegalState` if nothing runs ``KafkaConsumer/run()``; otherwise the same errors
    ///   as `commit()`.
    public func commit(_ offsets: [TopicPartition: OffsetAndMetadata]) async throws(KafkaError) {
        for (partition, offset) in offsets where offset.offset < 0 {
            throw KafkaError(
                .invalidArgument, "An offset to commit must not be negative: \(offset.offset).",
                topic: partition.topic, partition: partition.partition)
        }
        try await self.commits.commit(offsets)
    }
}
