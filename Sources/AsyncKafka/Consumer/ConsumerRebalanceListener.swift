// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Receives callbacks when partitions are assigned to a consumer or taken from it. Only members of a group have
/// callbacks; partitions from `KafkaConsumer.assign` cause none.
///
/// All callbacks run on the task that reads, while it waits for the next element, so **between two elements**: the
/// reader has processed everything delivered before. Heartbeats continue meanwhile. The group waits for a callback up
/// to the maximum poll interval; then it continues without this consumer, which calls `partitionsLost` and rejoins.
///
/// Each partition that is taken away is reported once: by `partitionsRevoked`, or by `partitionsLost` if it was already
/// lost. If the group removes this consumer while `partitionsRevoked` runs, `partitionsLost` does not follow. A commit
/// in that callback then fails with `.commitFailed`, and state that it saves elsewhere may be too late. Calling
/// `unsubscribe()` inside a callback doesn't call `partitionsRevoked` again for the same partitions. Inside
/// `partitionsAssigned`, it gives up the partitions immediately; after that callback returns, `partitionsRevoked` is
/// called, in which nothing can be committed anymore, and the consumer leaves the group.
///
/// When the consumer stops (`unsubscribe()`, a shutdown or a cancelled `run()`), the last callback may take the rest of
/// ``ConsumerConfiguration/closeTimeout`` except the last tenth, which is for leaving the group. After that it is
/// cancelled and no longer awaited. Callbacks never run at the same time: if `partitionsAssigned` is still running
/// after most of `closeTimeout`, a shutdown cancels it, and `partitionsRevoked` follows when it has returned. If it
/// doesn't return in time, `partitionsRevoked` is not called.
///
/// Across the whole group, each `partitionsRevoked` for a partition returns before any `partitionsAssigned` for it
/// begins. State saved by the one can be loaded by the other.
///
/// An error thrown by a callback reaches the reader with the code `.listenerFailed` and the callback's name. The
/// rebalance continues regardless.
public protocol ConsumerRebalanceListener: Sendable {
    /// Called before partitions are given up, because of a rebalance or because the consumer stops. This consumer still
    /// owns them: commit, save, flush. No more records of them are delivered.
    ///
    /// - Parameters:
    ///   - partitions: the partitions to be given up.
    ///   - consumer: the consumer that owns them.
    /// - Throws: any error. The reader receives it as `.listenerFailed`.
    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws

    /// Called after partitions were assigned and before records of them are fetched: load state, and `seek` if
    /// positions are stored elsewhere. In classic groups it is called after every rebalance, also without partitions; in the
    /// consumer protocol, when this member joins, and when its partitions change.
    ///
    /// - Parameters:
    ///   - partitions: the assigned partitions.
    ///   - consumer: the consumer that owns them now.
    /// - Throws: any error. The reader receives it as `.listenerFailed`.
    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws

    /// Called after partitions were lost: the group has removed this consumer, or no heartbeat was answered for the
    /// session timeout. Another member may own the partitions already, and their offsets can't be committed: discard
    /// their state.
    ///
    /// - Parameters:
    ///   - partitions: the lost partitions.
    ///   - consumer: the consumer that owned them.
    /// - Throws: any error. The reader receives it as `.listenerFailed`.
    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws
}

extension ConsumerRebalanceListener {
    /// The default implementation, which does nothing and never throws.
    public func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {}
    /// The default implementation, which does nothing and never throws.
    public func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {}
    /// The default implementation, which does nothing and never throws.
    public func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {}
}
