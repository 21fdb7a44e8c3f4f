// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaConsumer {
    /// Subscribes to topics, whose partitions the members of the group share. Replaces the previous subscription.
    /// Without a group the consumer reads all partitions itself.
    ///
    /// Returns immediately. Partitions are assigned while the reader asks for elements.
    ///
    /// - Throws: `.invalidArgument` if there are no topics or a name is empty; `.illegalState` after `assign` without
    ///   `unsubscribe`; `.closed`.
    public func subscribe(to topics: [String]) throws(KafkaError) {
        guard !topics.isEmpty, !topics.contains("") else {
            throw KafkaError(.invalidArgument, "subscribe needs at least one topic; unsubscribe ends a subscription.")
        }
        try self.core.subscribe(.topics(Set(topics)))
    }

    /// Subscribes to all topics whose names match a pattern, including those created later; otherwise like
    /// `subscribe(to:)`.
    ///
    /// - Throws: `.illegalState` after `assign` without `unsubscribe`; `.closed`.
    public func subscribe(toTopicsMatching pattern: TopicPattern) throws(KafkaError) {
        try self.core.subscribe(.pattern(pattern))
    }

    /// Assigns exactly these partitions to the consumer and replaces the previous ones. No group distributes them, and
    /// the listener is not called. With a `groupID`, reading starts at the group's committed offsets, and offsets can
    /// be committed. If `enableAutoCommit` is set, the processed offsets of the replaced partitions are committed in
    /// the background. A record, or the last array of `poll`, counts as processed when you have asked for more.
    ///
    /// - Throws: `.invalidArgument` if a topic's name is empty or a partition's number negative; `.illegalState` after
    ///   `subscribe` without `unsubscribe`; `.closed`.
    public func assign(_ partitions: [TopicPartition]) throws(KafkaError) {
        if let wrong = partitions.first(where: { $0.topic.isEmpty || $0.partition < 0 }) {
            throw KafkaError(.invalidArgument, "\"\(wrong)\" is no partition.")
        }
        try self.core.assign(partitions)
    }

    /// Ends the subscription or the assignment: commits what you have processed if `enableAutoCommit` is set, calls the
    /// listener's `partitionsRevoked` unless it is already running, and leaves the group, all within
    /// ``ConsumerConfiguration/closeTimeout``. The record, or the last array of `poll`, that you are working on isn't
    /// committed automatically: call ``KafkaConsumer/commit()`` before if it is processed.
    ///
    /// Inside `partitionsAssigned` it gives up the partitions and returns. After that callback returns,
    /// `partitionsRevoked` is called and the consumer leaves the group.
    ///
    /// - Throws: `.listenerFailed` if the callback throws.
    public func unsubscribe() async throws(KafkaError) {
        try await self.handover.unsubscribe(for: self)
    }

    /// Begins a rebalance of the group although nothing has changed that the client knows of, for instance because what a custom
    /// assignor returns depends on something else. Returns immediately. Does nothing without a subscription.
    ///
    /// - Parameter reason: why, for the logs of the brokers (KIP-800).
    /// - Throws: `.illegalState` if the consumer is in no group of the classic protocol: in the consumer protocol, the coordinator
    ///   decides; `.closed`.
    public func enforceRebalance(because reason: String = "the application asked for it") throws(KafkaError) {
        if let error = self.core.state.withLock({ $0.isClosedError }) { throw error }
        guard self.core.updateMembership({ $0.enforceRebalance(because: reason) }) else {
            throw KafkaError(
                .illegalState, "Only members of groups of the classic protocol can begin a rebalance.",
                group: self.core.configuration.groupID)
        }
    }

    /// The partitions currently assigned to this consumer.
    public var assignment: [TopicPartition] { self.core.state.withLock { $0.subscriptions.assignment } }

    /// Stops delivering records of these partitions until `resume`. Fetched records and the membership are kept. A
    /// pause outlasts rebalances in which the partition returns to this consumer.
    ///
    /// - Throws: `.illegalState` if a partition isn't assigned to this consumer.
    public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        try self.core.state.withLock { state throws(KafkaError) in try state.subscriptions.setPaused(true, partitions) }
        self.core.wake([.fetchers])
    }

    /// Delivers records of these partitions again.
    ///
    /// - Throws: `.illegalState` if a partition isn't assigned to this consumer.
    public func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        try self.core.state.withLock { state throws(KafkaError) in try state.subscriptions.setPaused(false, partitions)
        }
        self.core.wake([.reader, .fetchers])
    }

    /// The paused partitions.
    public var paused: [TopicPartition] { self.core.state.withLock { $0.subscriptions.paused } }
}
