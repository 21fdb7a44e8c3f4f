// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The subscription and its partitions according to metadata.
extension ConsumerCore {
    // MARK: The subscription

    /// Replaces the subscription.
    func subscribe(_ subscription: SubscriptionState.Subscription) throws(KafkaError) {
        let failure: KafkaError? = self.state.withLock { state in
            if let failure = state.isClosedError { return failure }
            if case .partitions = state.subscriptions.subscription {
                return KafkaError(
                    .illegalState,
                    "The consumer reads partitions chosen with assign: call unsubscribe before subscribe.")
            }
            state.subscriptions.subscription = subscription
            // Both change under one lock, so that a concurrent `unsubscribe()` ends both or neither.
            state.membership.subscribed(to: subscription.topics)
            state.observeMembership { self.loop.now }
            if state.membership.step != nil { state.interruptReader() }
            return nil
        }
        if let failure { throw failure }
        self.watchTopics()
        self.subscriptionMayHaveChanged(self.cluster.metadata)
        self.wake([.membership, .reader])
    }

    /// Replaces the manually assigned partitions.
    func assign(_ partitions: [TopicPartition]) throws(KafkaError) {
        let metadata = self.cluster.metadata
        let isAutomatic = self.configuration.enableAutoCommit && self.configuration.groupID != nil
        let now = self.loop.now
        let failure: KafkaError? = self.state.withLock { state in
            if let failure = state.isClosedError { return failure }
            switch state.subscriptions.subscription {
            case .topics, .pattern:
                return KafkaError(
                    .illegalState, "The consumer subscribes to topics: call unsubscribe before assign.")
            case .none, .partitions:
                state.subscriptions.subscription = .partitions
                if isAutomatic { state.leaveBehind(allBut: Set(partitions), now: now) }
                state.subscriptions.assign(partitions)
                _ = state.subscriptions.metadataChanged(metadata)
                return nil
            }
        }
        if let failure { throw failure }
        self.watchTopics()
        self.wake([.fetchers, .positions])
        if isAutomatic { self.wake([.commits]) }
    }

    // MARK: Metadata

    /// Updates the topics whose metadata the cluster requests.
    func watchTopics() {
        let watched: WantedTopics.Watched = self.state.withLock { state in
            switch state.subscriptions.subscription {
            case .pattern: return .all(matching: [])
            case .topics(let topics):
                return .topics(Dictionary(topics.union(state.membership.watchedTopics).map { ($0, .all) }) { $1 })
            case .none, .partitions:
                let byTopic = Dictionary(grouping: state.subscriptions.partitions.keys, by: \.topic)
                return .topics(byTopic.mapValues { .only(Set($0.map(\.partition))) })
            }
        }
        if case .all = watched {
            self.cluster.watch(.all(matching: self.subscribedTopics(self.cluster.metadata)))
        } else {
            self.cluster.watch(watched)
        }
    }

    /// Returns the subscribed topics. For a pattern, these are the topics that match it now.
    func subscribedTopics(_ metadata: ClusterMetadata) -> Set<String> {
        let subscription = self.state.withLock { $0.subscriptions.subscription }
        switch subscription {
        case .topics(let topics): return topics
        case .none, .partitions: return []
        case .pattern(let pattern):
            let hidesInternal = self.configuration.excludeInternalTopics
            let candidates = metadata.topics.values.lazy.filter { topic in
                !topic.partitions.isEmpty && !(hidesInternal && topic.isInternal)
            }
            return Set(pattern.matching(candidates.map(\.name)))
        }
    }

    func metadataChanged(_ metadata: ClusterMetadata) {
        let (wakening, isPattern) = self.state.withLock { state in
            let isPattern = if case .pattern = state.subscriptions.subscription { true } else { false }
            state.subscriptions.beginRevoking(
                Array(state.membership.outdatedPartitions(state.subscriptions.newest(metadata))))
            return (state.subscriptions.metadataChanged(metadata), isPattern)
        }
        self.wake(wakening)
        if isPattern { self.watchTopics() }
        self.subscriptionMayHaveChanged(metadata)
        self.groupTopicsMayHaveChanged()
    }

    /// Reports an error of the cluster to the reader, if it concerns the client or one of the consumer's topics.
    func clusterFailed(_ error: KafkaError) {
        let isMine = self.state.withLock { state in
            if let topic = error.topic {
                switch state.subscriptions.subscription {
                case .topics(let topics): guard topics.contains(topic) else { return false }
                case .partitions:
                    guard state.subscriptions.partitions.keys.contains(where: { $0.topic == topic }) else {
                        return false
                    }
                case .none, .pattern: return false
                }
            }
            state.report(error)
            return true
        }
        if isMine { self.wake([.reader]) }
    }

    /// Updates the subscription after a change of metadata: a pattern may match other topics, and without a group the
    /// partitions may have changed.
    func subscriptionMayHaveChanged(_ given: ClusterMetadata) {
        let metadata = self.state.withLock { $0.subscriptions.newest(given) }
        let topics = self.subscribedTopics(metadata)
        if self.configuration.groupID != nil {
            let isChanged = self.state.withLock { state in
                guard state.phase == .open, case .pattern = state.subscriptions.subscription, state.matched != topics
                else { return false }
                state.matched = topics
                return true
            }
            if isChanged { self.updateMembership { $0.topicsChanged(because: "other topics match the pattern now") } }
            return
        }
        let partitions = topics.sorted().flatMap { name in
            (metadata.topics[name]?.partitions ?? []).map { TopicPartition(name, $0.index) }
        }
        let isOutOfDate = self.state.withLock { state in
            if metadata.version < state.subscriptions.metadata.version { return true }
            switch state.subscriptions.subscription {
            case .topics, .pattern:
                // A topic that is briefly missing from metadata keeps its partitions.
                let missing = state.subscriptions.assignment.filter { partition in
                    topics.contains(partition.topic) && (metadata.topics[partition.topic]?.partitions ?? []).isEmpty
                }
                state.subscriptions.assign(partitions + missing)
                _ = state.subscriptions.metadataChanged(metadata)
            case .none, .partitions: break
            }
            return false
        }
        if isOutOfDate { return self.subscriptionMayHaveChanged(metadata) }
        self.wake([.positions, .fetchers])
    }

    /// Has the membership process the metadata of the group's topics.
    func groupTopicsMayHaveChanged() {
        let known = self.cluster.metadata
        let isChanged = self.state.withLock { state in
            guard state.phase == .open, state.membership.metadataChanged(state.subscriptions.newest(known)) else {
                return false
            }
            if state.membership.step != nil { state.interruptReader() }
            return true
        }
        if isChanged { self.wake([.membership, .reader]) }
    }

    // MARK: The topics sent to the group

    // A member without topics joins, too, so it is already in the group when its first topic is created.
    func lookUpSubscription(until deadline: MonotonicTime) async throws(KafkaError) {
        let isUnknown = self.state.withLock { state in
            guard case .pattern = state.subscriptions.subscription else { return false }
            return state.matched.isEmpty
        }
        if isUnknown { _ = try await self.cluster.refreshedMetadata(deadline: deadline) }
    }

    func topicsToTell() -> Set<String> {
        let topics = self.subscribedTopics(self.cluster.metadata)
        self.state.withLock { state in
            if case .pattern = state.subscriptions.subscription { state.matched = topics }
        }
        return topics
    }

    func subscriptionToTell() -> MemberSubscription {
        let subscription = self.state.withLock { $0.subscriptions.subscription }
        if case .pattern(let pattern) = subscription, let expression = pattern.expression {
            // Brokers don't hide Kafka's own topics.
            let isMatchingInternal =
                self.configuration.excludeInternalTopics && !pattern.matching(Self.internalTopics).isEmpty
            if !isMatchingInternal { return .expression(expression) }
        }
        return .topics(self.topicsToTell())
    }

    private static let internalTopics = ["__consumer_offsets", "__transaction_state", "__share_group_state"]

    func report(_ error: KafkaError) {
        self.state.withLock { $0.report(error) }
        self.wake([.reader])
    }
}

extension SubscriptionState.Subscription {
    /// The subscribed topics; nil if they are chosen otherwise than by their names.
    var topics: Set<String>? {
        if case .topics(let topics) = self { topics } else { nil }
    }
}

extension ConsumerState {
    /// Ends the subscription and drops its partitions.
    mutating func forgetSubscription() {
        for partition in self.subscriptions.assignment { self.subscriptions.remove(partition) }
        self.subscriptions.subscription = .none
        self.subscriptions.leftBehind = [:]
        self.matched = []
        self.forgetArray()
    }

    /// Stores the processed offsets of partitions that are about to be replaced, to commit them later.
    fileprivate mutating func leaveBehind(allBut kept: Set<TopicPartition>, now: MonotonicTime) {
        let replaced = self.subscriptions.assignment.filter { !kept.contains($0) }
        guard !replaced.isEmpty else { return }
        self.subscriptions.leaveBehind(replaced, now: now)
    }

    /// The error of calls after closing has begun; nil before.
    var isClosedError: KafkaError? {
        self.phase == .open ? nil : KafkaError(.closed, "The consumer is closed, or closing.")
    }
}
