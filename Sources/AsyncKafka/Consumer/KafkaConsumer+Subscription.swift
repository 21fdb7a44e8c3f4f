// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaConsumer {
    /// Reads these topics, sharing their partitions with the other members of the group. Replaces what was subscribed
    /// to before. Without a group the consumer reads all partitions itself.
    ///
    /// Returns at once; partitions come with the next elements asked for.
    public func subscribe(to topics: [String]) throws(KafkaError) {
        guard !topics.isEmpty, !topics.contains("") else {
            throw KafkaError(.invalidArgument, "subscribe needs at least one topic; unsubscribe ends a subscription.")
        }
        try self.core.subscribe(.topics(Set(topics)))
    }

    /// Reads all topics whose names match, also those that are created later; otherwise like `subscribe(to:)`.
    public func subscribe(toTopicsMatching pattern: TopicPattern) throws(KafkaError) {
        try self.core.subscribe(.pattern(pattern))
    }

    /// Reads exactly these partitions; replaces those read before. No group decides and no listener is called; with a
    /// `groupID` the positions are the group's committed ones, and offsets can be committed. If `enableAutoCommit` is
    /// set, what you have processed of the replaced partitions is committed in the background. A record, or the last array of
    /// `poll`, counts as processed when you have asked for more.
    public func assign(_ partitions: [TopicPartition]) throws(KafkaError) {
        if let wrong = partitions.first(where: { $0.topic.isEmpty || $0.partition < 0 }) {
            throw KafkaError(.invalidArgument, "\"\(wrong)\" is no partition.")
        }
        try self.core.assign(partitions)
    }

    /// Gives everything up: commits what you have processed if `enableAutoCommit` is set, calls the listener's
    /// `partitionsRevoked` if it is not being called already, and leaves the group; all within
    /// `ConsumerConfiguration.closeTimeout`. What is in your hands still, a record or the last array of `poll`, is not
    /// committed by itself: call `commit()` before if you are done with it.
    ///
    /// Inside `partitionsAssigned` it gives up the partitions and returns; when that callback has returned,
    /// `partitionsRevoked` is called and the group is left.
    public func unsubscribe() async throws(KafkaError) {
        try await self.handover.unsubscribe(for: self)
    }

    /// The partitions that this consumer reads now.
    public var assignment: [TopicPartition] { self.core.state.withLock { $0.subscriptions.assignment } }

    /// Stops handing out records of these partitions until `resume`. Fetched ones are kept, and so is the membership. A
    /// pause outlasts rebalances, as long as the partition comes back to this consumer.
    public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        try self.core.state.withLock { state throws(KafkaError) in try state.subscriptions.setPaused(true, partitions) }
        self.core.wake([.fetchers])
    }

    /// Hands out records of these partitions again.
    public func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        try self.core.state.withLock { state throws(KafkaError) in try state.subscriptions.setPaused(false, partitions)
        }
        self.core.wake([.reader, .fetchers])
    }

    /// The partitions that are paused.
    public var paused: [TopicPartition] { self.core.state.withLock { $0.subscriptions.paused } }
}
