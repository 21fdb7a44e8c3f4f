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
        try self.subscribe(.topics(Set(topics)))
    }

    /// Reads all topics whose names match, also those that are created later; otherwise like `subscribe(to:)`.
    public func subscribe(toTopicsMatching pattern: TopicPattern) throws(KafkaError) {
        try self.subscribe(.pattern(pattern))
    }

    private func subscribe(_ subscription: SubscriptionState.Subscription) throws(KafkaError) {
        let failure: KafkaError? = self.state.withLock { state in
            if let failure = state.isClosedError { return failure }
            if case .partitions = state.subscriptions.subscription {
                return KafkaError(
                    .illegalState,
                    "The consumer reads partitions chosen with assign: call unsubscribe before subscribe.")
            }
            state.subscriptions.subscription = subscription
            return nil
        }
        if let failure { throw failure }
        self.watchTopics()
        self.subscriptionMayHaveChanged(self.cluster.metadata)
        if self.configuration.groupID != nil {
            self.updateMembership { $0.rebalance(because: "the subscription has changed") }
        }
    }

    /// Reads exactly these partitions; replaces those read before. No group decides and no listener is called; with a
    /// `groupID` the positions are the group's committed ones, and offsets can be committed.
    public func assign(_ partitions: [TopicPartition]) throws(KafkaError) {
        if let wrong = partitions.first(where: { $0.topic.isEmpty || $0.partition < 0 }) {
            throw KafkaError(.invalidArgument, "\"\(wrong)\" is no partition.")
        }
        let metadata = self.cluster.metadata
        let failure: KafkaError? = self.state.withLock { state in
            if let failure = state.isClosedError { return failure }
            switch state.subscriptions.subscription {
            case .topics, .pattern:
                return KafkaError(
                    .illegalState, "The consumer subscribes to topics: call unsubscribe before assign.")
            case .none, .partitions:
                state.subscriptions.subscription = .partitions
                state.subscriptions.assign(partitions, arriving: false)
                _ = state.subscriptions.metadataChanged(metadata)
                return nil
            }
        }
        if let failure { throw failure }
        self.watchTopics()
        self.wake([.fetchers, .positions])
    }

    /// Gives everything up: commits what was asked past if `enableAutoCommit` is set, calls the listener's
    /// `partitionsRevoked` if it is not being called already, and leaves the group; all within
    /// `ConsumerConfiguration.closeTimeout`.
    public func unsubscribe() async throws(KafkaError) {
        let schedule = ClosingSchedule(from: self.loop.now, within: self.configuration.closeTimeout)
        let step: RebalanceStep?? = self.state.withLock { state in
            if state.phase != .open || state.isLettingGo { return nil }
            // Whoever goes through a sequence is not done with what it has in hand.
            if state.iterators == 0 { _ = state.readerAsked() }
            return .some(state.membership?.prepareToLeave())
        }
        guard let step else { return }
        let failure = await self.giveUp(step, until: schedule.release)
        self.state.withLock { state in
            state.subscriptions.subscription = .none
            state.matched = []
        }
        await self.leaveGroup(because: "the consumer unsubscribed", until: schedule.end)
        self.watchTopics()
        self.positionWaiters.wakeAll()
        if let failure { throw failure }
    }

    /// The partitions that this consumer reads now.
    public var assignment: [TopicPartition] { self.state.withLock { $0.subscriptions.assignment } }

    /// Stops handing out records of these partitions until `resume`. Fetched ones are kept, and so is the membership. A
    /// pause outlasts rebalances, as long as the partition comes back to this consumer.
    public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        try self.state.withLock { state throws(KafkaError) in try state.subscriptions.setPaused(true, partitions) }
        self.wake([.fetchers])
    }

    /// Hands out records of these partitions again.
    public func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        try self.state.withLock { state throws(KafkaError) in try state.subscriptions.setPaused(false, partitions) }
        self.wake([.reader, .fetchers])
    }

    /// The partitions that are paused.
    public var paused: [TopicPartition] { self.state.withLock { $0.subscriptions.paused } }

    // MARK: Metadata

    /// Tells the cluster which topics matter.
    func watchTopics() {
        let wanted: Set<String>? = self.state.withLock { state in
            switch state.subscriptions.subscription {
            case .pattern: return nil
            case .topics(let topics): return topics.union(state.distributed.keys)
            case .none, .partitions: return Set(state.subscriptions.partitions.keys.map(\.topic))
            }
        }
        if let wanted { self.cluster.watch(topics: wanted) } else { self.cluster.watchAllTopics() }
    }

    /// The topics subscribed to: for a pattern, those that match it now.
    func subscribedTopics(_ metadata: ClusterMetadata) -> Set<String> {
        let subscription = self.state.withLock { $0.subscriptions.subscription }
        switch subscription {
        case .topics(let topics): return topics
        case .none, .partitions: return []
        case .pattern(let pattern):
            let hidesInternal = self.configuration.excludeInternalTopics
            return Set(
                metadata.topics.values.filter { topic in
                    !topic.partitions.isEmpty && !(hidesInternal && topic.isInternal) && pattern.matches(topic.name)
                }.map(\.name))
        }
    }

    func metadataChanged(_ metadata: ClusterMetadata) {
        let wakening = self.state.withLock { $0.subscriptions.metadataChanged(metadata) }
        self.wake(wakening)
        self.reportRefusedTopics(metadata)
        self.subscriptionMayHaveChanged(metadata)
        self.groupTopicsMayHaveChanged(metadata)
    }

    /// Topics that this client may not read, or whose names are wrong: the reader has to know.
    private func reportRefusedTopics(_ metadata: ClusterMetadata) {
        var isReported = false
        for topic in metadata.topics.values
        where topic.error == .topicAuthorizationFailed || topic.error == .invalidTopicException {
            let error = KafkaError(topic.error, doing: "asking for a topic's partitions", topic: topic.name)
            isReported = self.state.withLock { state in
                guard case .topics(let names) = state.subscriptions.subscription, names.contains(topic.name) else {
                    return isReported
                }
                state.report(error)
                return true
            }
        }
        if isReported { self.wake([.reader]) }
    }

    /// A pattern may match other topics now; and without a group, partitions may have been added.
    func subscriptionMayHaveChanged(_ metadata: ClusterMetadata) {
        let topics = self.subscribedTopics(metadata)
        if self.configuration.groupID != nil {
            let isChanged = self.state.withLock { state in
                guard state.phase == .open, case .pattern = state.subscriptions.subscription, state.matched != topics
                else { return false }
                state.matched = topics
                return true
            }
            if isChanged { self.updateMembership { $0.rebalance(because: "other topics match the pattern now") } }
            return
        }
        let partitions = topics.sorted().flatMap { name in
            (metadata.topics[name]?.partitions ?? []).map { TopicPartition(name, $0.index) }
        }
        self.state.withLock { state in
            switch state.subscriptions.subscription {
            case .topics, .pattern:
                // A topic that is not there for a moment keeps its partitions.
                let missing = state.subscriptions.assignment.filter { partition in
                    topics.contains(partition.topic) && (metadata.topics[partition.topic]?.partitions ?? []).isEmpty
                }
                state.subscriptions.assign(partitions + missing, arriving: false)
                _ = state.subscriptions.metadataChanged(metadata)
            case .none, .partitions: break
            }
        }
        self.wake([.positions, .fetchers])
    }
}

extension ConsumerState {
    /// The error of a call that makes no sense after closing.
    var isClosedError: KafkaError? {
        self.phase == .open ? nil : KafkaError(.closed, "The consumer is closed, or closing.")
    }
}
