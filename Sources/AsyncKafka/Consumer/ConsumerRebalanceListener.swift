// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Hears of partitions that come to a consumer and go from it. For membership in a group only: with
/// `KafkaConsumer.assign` it is never called.
///
/// All callbacks run on the task that reads, inside the wait for the next element and **between two elements**: when one
/// runs, everything handed out before has been processed: the reader has asked for more. Heartbeats go on meanwhile; the group waits for a callback up
/// to the maximum poll interval, then goes on without this consumer, which hears `partitionsLost` and joins again.
///
/// Each partition that goes is told once: by `partitionsRevoked`, or by `partitionsLost` if it had gone before. If the group
/// goes on without this consumer while `partitionsRevoked` runs, `partitionsLost` does not follow: what it commits then fails
/// with `.commitFailed`, and what it saves elsewhere may come too late. Calling `unsubscribe()` inside a callback does not
/// call `partitionsRevoked` for partitions that it has been called for. Inside `partitionsAssigned` it gives the partitions up
/// at once; `partitionsRevoked` is called, and the group left, when that has returned.
///
/// At the end — `unsubscribe()`, a shutdown, a cancelled `run()` — the last callback has what is left of
/// `ConsumerConfiguration.closeTimeout`, less a tenth for leaving the group. Then its task is cancelled, and not waited for.
/// No two callbacks run at the same time: `partitionsAssigned`, if it still runs then, is cancelled when a shutdown has waited
/// for it for most of `closeTimeout`, and `partitionsRevoked` follows when it has returned. If it does not return in time, it is
/// not waited for, and `partitionsRevoked` is not called.
///
/// In the whole group, every `partitionsRevoked` for a partition has returned before any `partitionsAssigned` for it
/// begins: what the one saves, the other can load.
///
/// An error that a callback throws reaches the reader with the code `.listenerFailed` and the callback's name. The
/// rebalance goes on nevertheless: the reader can only decide to stop.
public protocol ConsumerRebalanceListener: Sendable {
    /// Partitions go to another member, or back because the consumer stops. They are still this consumer's: commit,
    /// save, flush. No record of them is handed out any more.
    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws

    /// Partitions came. No record of them has been fetched yet: load state, and `seek` if positions are kept elsewhere.
    /// Called after every rebalance, also with no partitions.
    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws

    /// Partitions are gone already, because the group gave up on this consumer, or because by this consumer's own clock it
    /// must have: no heartbeat was answered for the session timeout. Somebody else may have them by now. Nothing of them can
    /// be committed: throw their state away.
    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws
}

extension ConsumerRebalanceListener {
    /// Does nothing.
    public func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {}
    /// Does nothing.
    public func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {}
    /// Does nothing.
    public func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {}
}
