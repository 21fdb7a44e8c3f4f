// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaConsumer {
    /// Commits everything handed out so far, the record or batch in hand included, and what follows it and is nothing to
    /// read: markers of transactions, or what compaction has left empty. An offset that has not changed is committed again.
    ///
    /// - Throws: `.commitFailed` if the group has rebalanced since and the partitions may be somebody else's. Errors that may
    ///   pass are tried again until the API timeout first. If several partitions were not stored, or some were and others not,
    ///   the error is one of a partition that was not, its message names them all, and its `underlyingError` is a
    ///   `PartialCommitError`.
    public func commit() async throws(KafkaError) {
        try await self.commits.commitHandedOut()
    }

    /// Commits that a record, and all before it in its partition, are done.
    ///
    /// - Throws: `.commitFailed` also if the record's topic was deleted and made again since.
    public func commit(_ record: ConsumerRecord) async throws(KafkaError) {
        try self.commits.checkTopic(of: record)
        try await self.commit([
            record.topicPartition: OffsetAndMetadata(offset: record.offset + 1, leaderEpoch: record.leaderEpoch)
        ])
    }

    /// Commits these offsets: for each partition the next one to read.
    ///
    /// - Throws: `.commitFailed` if topics are subscribed to and a partition is not this consumer's, or not any more;
    ///   otherwise as `commit()`.
    public func commit(_ offsets: [TopicPartition: OffsetAndMetadata]) async throws(KafkaError) {
        for (partition, offset) in offsets where offset.offset < 0 {
            throw KafkaError(
                .invalidArgument, "An offset to commit must not be negative: \(offset.offset).",
                topic: partition.topic, partition: partition.partition)
        }
        try await self.commits.commit(offsets)
    }
}
