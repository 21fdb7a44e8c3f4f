// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The contents of a Metadata response, independent of its version.
struct MetadataUpdate: Sendable {
    var clusterID: String?
    var controllerID: Int32?
    var brokers: [Broker] = []
    var topics: [TopicMetadata] = []
}

/// Decides when metadata is requested and how responses are merged. Pure: the time is an argument.
///
/// One request is in flight at a time. A partition's leader is not replaced by one with an older leader epoch
/// (KIP-320), unless the topic id shows that the topic was deleted and recreated or, without topic ids, several
/// consecutive responses agree on an older epoch.
struct MetadataStateMachine: Sendable {
    /// The topics that a request names.
    enum Interest: Hashable, Sendable {
        /// Every topic of the cluster, for a subscription by pattern.
        case all
        /// These topics, sorted by name. An empty list requests only the brokers.
        case topics([String])
    }

    enum NextRefresh: Hashable, Sendable {
        case now
        case at(MonotonicTime)
        /// A request is in flight; call again when it has ended.
        case whenAnswered
    }

    private(set) var snapshot = ClusterMetadata.empty
    /// The number of requests that have ended, successfully or not. Waiters compare it to detect the end of a refresh.
    private(set) var attempts = 0
    /// The number of requests that have begun, and the number of the newest one that succeeded.
    private(set) var begun = 0
    private(set) var newestSuccess = 0

    /// The purpose of the request in flight.
    private enum Question: Sendable {
        case everything
        /// Only what was missing in the last response.
        case lacking
    }

    private let maximumAge: Duration
    private var wanted: WantedTopics
    private var notices: [WantedTopics.Notice] = []
    private(set) var isRequested = true
    private var inFlight: Question?
    /// The number of consecutive failed requests.
    private var failures = 0
    /// The number of consecutive responses in which something was missing.
    private var shortAnswers = 0
    private var notBefore: MonotonicTime?
    private var lastAnswer: MonotonicTime?
    /// When everything wanted was last received, not only what was missing.
    private var lastFullAnswer: MonotonicTime?
    /// When the attempts began, none of which has succeeded.
    private var attemptingSince: MonotonicTime?

    /// The number of consecutive responses with an older leader epoch after which that epoch is accepted.
    static let mostOlderAnswers = 5

    init(maximumAge: Duration, refusalPause: Duration = .seconds(10)) {
        self.maximumAge = maximumAge
        self.wanted = WantedTopics(refusalPause: refusalPause)
    }

    // MARK: Wanted topics

    /// Notes that a topic is in use. Requests a refresh if its metadata isn't known yet.
    mutating func use(topic: String, now: MonotonicTime) {
        let isNew = self.wanted.use(topic, now: now)
        if isNew, self.snapshot.topics[topic] == nil { self.requestUpdateForNewTopic() }
    }

    /// Replaces the watched topics.
    mutating func watch(_ watched: WantedTopics.Watched, now: MonotonicTime) {
        let before = self.wanted
        self.wanted.watch(watched)
        switch watched {
        case .all:
            if !before.watchesAll { self.requestUpdateForNewTopic() }
        case .topics(let topics):
            let isLacking = topics.contains { name, extent in
                WantedTopics.lack(extent, of: self.snapshot.topics[name]) != nil
            }
            if isLacking && watched != before.watched || before.watchesAll { self.requestUpdateForNewTopic() }
        }
        if self.lastAnswer != nil { self.compare(now: now) }
    }

    /// The first request for a topic skips the backoff of the last request, unless that one failed.
    private mutating func requestUpdateForNewTopic() {
        self.isRequested = true
        if self.failures == 0 { self.notBefore = nil }
    }

    /// Requests a refresh as soon as the backoff allows.
    mutating func requestUpdate() {
        self.isRequested = true
    }

    // MARK: Timing

    func nextRefresh(now: MonotonicTime) -> NextRefresh {
        if self.inFlight != nil { return .whenAnswered }
        var due = now
        if !self.isRequested, let fullAnswerDue = self.fullAnswerDue {
            due = fullAnswerDue
            // What is missing is requested again without an explicit request, for as long as it is wanted.
            if self.wanted.isLackingNow, let lastAnswer = self.lastAnswer {
                due = min(due, lastAnswer + (self.wanted.lacksFirstMatch ? self.pauseBetweenAll : .zero))
            }
        }
        if let notBefore = self.notBefore { due = max(due, notBefore) }
        return due <= now ? .now : .at(due)
    }

    /// When everything is requested again even though nothing new is wanted. Nil before the first response.
    private var fullAnswerDue: MonotonicTime? {
        let pause = self.wanted.isRefusedSomething ? min(self.wanted.refusalPause, self.maximumAge) : self.maximumAge
        return self.lastFullAnswer.map { $0 + pause }
    }

    /// A request for all topics has a cost for each topic, so the pause is a millisecond per topic.
    private var pauseBetweenAll: Duration { .milliseconds(self.snapshot.topics.count) }

    /// Begins a request and returns the topics to ask for. Forgets topics that are no longer in use.
    mutating func begin(now: MonotonicTime) -> Interest {
        let isFull =
            self.isRequested || self.wanted.lacksFirstMatch || self.fullAnswerDue.map { $0 <= now } ?? true
        self.inFlight = isFull ? .everything : .lacking
        self.begun += 1
        self.isRequested = false
        if self.attemptingSince == nil { self.attemptingSince = now }
        self.wanted.forgetUnused(now: now)
        // Between two full requests, only what is missing is requested.
        if !isFull { return .topics(self.wanted.lackingTopics.sorted()) }
        return self.wanted.watchesAll ? .all : .topics(self.wanted.names.sorted())
    }

    // MARK: Answers

    /// Takes the response to a request for `asked`. `backoff` returns the minimum wait before the next request. Returns
    /// whether the snapshot has changed.
    mutating func succeeded(
        _ update: MetadataUpdate, asked: Interest, now: MonotonicTime, backoff: (_ failures: Int) -> Duration
    ) -> Bool {
        // A broker that knows no brokers has only just started, so the existing snapshot is better.
        guard !update.brokers.isEmpty else {
            self.failed(now: now, backoff: backoff)
            return false
        }
        let isFull = self.inFlight == .everything
        self.inFlight = nil
        self.attempts += 1
        self.newestSuccess = self.begun
        self.lastAnswer = now
        if isFull { self.lastFullAnswer = now }
        self.attemptingSince = nil
        self.failures = 0

        var topics: [String: TopicMetadata] = [:]
        for topic in update.topics {
            let known = self.snapshot.topics[topic.name]
            var merged = Self.merge(known: known, answer: topic)
            merged.noteLeaderless(before: known, now: now)
            topics[topic.name] = merged
        }
        // Topics that this request didn't name keep their metadata while they are in use.
        if case .topics(let names) = asked {
            let names = Set(names)
            for (name, topic) in self.snapshot.topics where topics[name] == nil && !names.contains(name) {
                if self.wanted.contains(name) { topics[name] = topic }
            }
            // A topic or a pattern came into use while the request was in flight.
            let isNew = self.wanted.names.contains { topics[$0] == nil && !names.contains($0) }
            if isNew || self.wanted.watchesAll && isFull { self.isRequested = true }
        } else if !self.wanted.watchesAll, self.wanted.names.contains(where: { topics[$0] == nil }) {
            self.isRequested = true
        }

        let before = self.snapshot
        self.snapshot = ClusterMetadata(
            version: self.snapshot.version + 1, clusterID: update.clusterID, controllerID: update.controllerID,
            brokers: Dictionary(update.brokers.compactMap { broker in broker.id.map { ($0, broker) } }) { $1 },
            topics: topics)
        self.noteMoves(since: before)
        self.compare(now: now)
        // What is missing is requested again soon, and then less and less often.
        self.shortAnswers = self.wanted.isLackingNow ? self.shortAnswers + 1 : 0
        self.notBefore = now + backoff(max(self.shortAnswers, 1))
        return true
    }

    private mutating func noteMoves(since before: ClusterMetadata) {
        let moved = self.wanted.moves(from: before, to: self.snapshot)
        if !moved.isEmpty { self.notices.append(.moved(moved)) }
    }

    /// Whether nothing wanted is missing.
    var isSettled: Bool { !self.wanted.isLackingNow }

    private mutating func compare(now: MonotonicTime) {
        self.notices += self.wanted.compare(with: self.snapshot, now: now)
    }

    /// Takes the pending notices about wanted topics, which are to be logged.
    mutating func takeNotices() -> [WantedTopics.Notice] {
        defer { self.notices = [] }
        return self.notices
    }

    /// Notes that a request has failed.
    mutating func failed(now: MonotonicTime, backoff: (_ failures: Int) -> Duration) {
        self.inFlight = nil
        self.isRequested = true
        self.attempts += 1
        self.failures += 1
        self.notBefore = now + backoff(self.failures)
    }

    /// Forgets the brokers, so that the client starts again from the bootstrap servers (KIP-899). Topics stay.
    mutating func rebootstrap() {
        self.isRequested = true
        self.attemptingSince = nil
        self.snapshot = ClusterMetadata(
            version: self.snapshot.version + 1, clusterID: self.snapshot.clusterID, controllerID: nil,
            brokers: [:], topics: self.snapshot.topics)
    }

    /// Whether all attempts have failed for longer than `trigger`. Time without attempts doesn't count.
    func needsRebootstrap(after trigger: Duration, now: MonotonicTime) -> Bool {
        self.attemptingSince.map { now - $0 > trigger } ?? false
    }

    /// Applies the leaders that a Produce or Fetch response named (KIP-951). Returns whether anything changed.
    mutating func updateLeaders(
        _ leaders: [(partition: TopicPartition, leader: Int32, leaderEpoch: Int32)], endpoints: [Broker]
    ) -> Bool {
        var brokers = self.snapshot.brokers
        for broker in endpoints {
            if let id = broker.id { brokers[id] = broker }
        }
        var topics = self.snapshot.topics
        var changed = false
        for (partition, leader, leaderEpoch) in leaders where brokers[leader] != nil {
            guard var topic = topics[partition.topic],
                let index = topic.partitions.firstIndex(where: { $0.index == partition.partition }),
                leaderEpoch > topic.partitions[index].leaderEpoch ?? -1
            else { continue }
            topic.partitions[index].leader = leader
            topic.partitions[index].leaderlessSince = nil
            topic.partitions[index].leaderEpoch = leaderEpoch
            topic.partitions[index].error = .none
            topics[partition.topic] = topic
            changed = true
        }
        guard changed else { return false }
        let before = self.snapshot
        self.snapshot = ClusterMetadata(
            version: self.snapshot.version + 1, clusterID: self.snapshot.clusterID,
            controllerID: self.snapshot.controllerID, brokers: brokers, topics: topics)
        self.noteMoves(since: before)
        return true
    }

    /// Keeps known partitions whose leader epoch is newer than the response's: brokers learn of elections at different
    /// times.
    private static func merge(known: TopicMetadata?, answer: TopicMetadata) -> TopicMetadata {
        guard let known, known.id == answer.id || known.id == .zero || answer.id == .zero else { return answer }
        // A topic that is briefly unavailable (a broker restarts, an election) keeps its partitions.
        if answer.partitions.isEmpty, answer.error.isRetriable, !known.partitions.isEmpty {
            var kept = known
            kept.error = answer.error
            return kept
        }
        var merged = answer
        for (index, partition) in merged.partitions.enumerated() {
            guard let before = known.partition(partition.index), let old = before.leaderEpoch,
                let new = partition.leaderEpoch, new < old
            else { continue }
            // Without topic ids, a broker with outdated metadata can't be distinguished from a recreated topic. But no
            // broker stays outdated indefinitely.
            guard answer.id != .zero || before.olderAnswers < Self.mostOlderAnswers else { continue }
            merged.partitions[index] = before
            merged.partitions[index].olderAnswers += 1
        }
        return merged
    }
}

extension TopicMetadata {
    /// Notes since when partitions have had no leader.
    fileprivate mutating func noteLeaderless(before: TopicMetadata?, now: MonotonicTime) {
        for index in self.partitions.indices {
            let partition = self.partitions[index]
            self.partitions[index].leaderlessSince =
                partition.leader == nil ? before?.partition(partition.index)?.leaderlessSince ?? now : nil
        }
    }
}
