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
            // Both in one step: an `unsubscribe()` at the same time ends both or neither.
            state.membership?.rebalance(because: "the subscription has changed")
            if state.membership?.step != nil { state.interruptReader() }
            return nil
        }
        if let failure { throw failure }
        self.watchTopics()
        self.subscriptionMayHaveChanged(self.cluster.metadata)
        self.wake([.membership, .reader])
    }

    /// Reads exactly these partitions; replaces those read before. No group decides and no listener is called; with a
    /// `groupID` the positions are the group's committed ones, and offsets can be committed. If `enableAutoCommit` is
    /// set, what you have processed of the replaced partitions is committed in the background. A record, or the last array of
    /// `poll`, counts as processed when you have asked for more.
    public func assign(_ partitions: [TopicPartition]) throws(KafkaError) {
        if let wrong = partitions.first(where: { $0.topic.isEmpty || $0.partition < 0 }) {
            throw KafkaError(.invalidArgument, "\"\(wrong)\" is no partition.")
        }
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
                state.subscriptions.assign(partitions, arriving: false)
                _ = state.subscriptions.metadataChanged(metadata)
                return nil
            }
        }
        if let failure { throw failure }
        self.watchTopics()
        self.wake([.fetchers, .positions])
        if isAutomatic { self.commitSignal.notify() }
    }

    /// Gives everything up: commits what you have processed if `enableAutoCommit` is set, calls the listener's
    /// `partitionsRevoked` if it is not being called already, and leaves the group; all within
    /// `ConsumerConfiguration.closeTimeout`. What is in your hands still, a record or the last array of `poll`, is not
    /// committed by itself: call `commit()` before if you are done with it.
    ///
    /// Inside `partitionsAssigned` it gives up the partitions and returns; when that callback has returned,
    /// `partitionsRevoked` is called and the group is left.
    public func unsubscribe() async throws(KafkaError) {
        let schedule = ClosingSchedule(from: self.loop.now, within: self.configuration.closeTimeout)
        let isInsideCallback = self.isInsideCallback
        let (step, isOwed): (RebalanceStep??, Bool) = self.state.withLock { state in
            if state.phase != .open || state.isLettingGo { return (nil, false) }
            let step = state.membership?.prepareToLeave()
            guard isInsideCallback, state.callback != nil, let step else { return (.some(step), false) }
            state.owedStep = step
            state.forgetSubscription()
            return (nil, true)
        }
        if isOwed { self.watchTopics() }
        guard let step else { return }
        let failure = await self.giveUp(step, until: schedule.release)
        let farewell = self.state.withLock { state in
            state.forgetSubscription()
            // At once, so that what is subscribed to from here on is a new member's.
            return state.leaveGroup(because: "the consumer unsubscribed")
        }
        self.wake([.membership, .reader])
        if let farewell { await self.send(farewell, until: schedule.end) }
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
        let watched: WantedTopics.Watched = self.state.withLock { state in
            switch state.subscriptions.subscription {
            case .pattern: return .all(matching: [])
            case .topics(let topics):
                return .topics(Dictionary(topics.union(state.distributed.keys).map { ($0, .all) }) { $1 })
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

    /// The topics subscribed to: for a pattern, those that match it now.
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
            return (state.subscriptions.metadataChanged(metadata), isPattern)
        }
        self.wake(wakening)
        if isPattern { self.watchTopics() }
        self.subscriptionMayHaveChanged(metadata)
        self.groupTopicsMayHaveChanged(metadata)
    }

    /// The cluster refuses this client, or a topic that it reads: the reader has to know.
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

    /// A pattern may match other topics now; and without a group, partitions may have been added.
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
                // A topic that is not there for a moment keeps its partitions.
                let missing = state.subscriptions.assignment.filter { partition in
                    topics.contains(partition.topic) && (metadata.topics[partition.topic]?.partitions ?? []).isEmpty
                }
                state.subscriptions.assign(partitions + missing, arriving: false)
                _ = state.subscriptions.metadataChanged(metadata)
            case .none, .partitions: break
            }
            return false
        }
        if isOutOfDate { return self.subscriptionMayHaveChanged(metadata) }
        self.wake([.positions, .fetchers])
    }
}

extension ConsumerState {
    /// Nothing is read any more.
    fileprivate mutating func forgetSubscription() {
        for partition in self.subscriptions.assignment { self.subscriptions.remove(partition) }
        self.subscriptions.subscription = .none
        self.subscriptions.leftBehind = [:]
        self.matched = []
        self.isCollecting = false
    }

    /// Notes what the reader has processed of the partitions that are about to be replaced.
    fileprivate mutating func leaveBehind(allBut kept: Set<TopicPartition>, now: MonotonicTime) {
        let replaced = self.subscriptions.assignment.filter { !kept.contains($0) }
        guard !replaced.isEmpty else { return }
        self.subscriptions.leaveBehind(replaced, now: now)
    }

    /// The error of a call that makes no sense after closing.
    var isClosedError: KafkaError? {
        self.phase == .open ? nil : KafkaError(.closed, "The consumer is closed, or closing.")
    }
}
