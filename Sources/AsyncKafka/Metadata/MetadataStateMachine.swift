// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// What a Metadata response tells, apart from its version on the wire.
struct MetadataUpdate: Sendable {
    var clusterID: String?
    var controllerID: Int32?
    var brokers: [Broker] = []
    var topics: [TopicMetadata] = []
}

/// Decides when metadata is asked for and what becomes of the answers. Pure: time comes in as an argument.
///
/// One request is in flight at a time. A partition's leader is never replaced by one of an older leader epoch (KIP-320),
/// unless the topic was deleted and made again, which its id tells.
struct MetadataStateMachine: Sendable {
    /// Which topics a request names.
    enum Interest: Hashable, Sendable {
        /// Every topic of the cluster: a subscription by pattern.
        case all
        /// These, in order of name. None is a question for the brokers only.
        case topics([String])
    }

    enum NextRefresh: Hashable, Sendable {
        case now
        case at(MonotonicTime)
        /// One is in flight; ask again when it has ended.
        case whenAnswered
    }

    private(set) var snapshot = ClusterMetadata.empty
    /// How many requests have ended, well or badly. Waiters compare it to learn that a refresh has ended.
    private(set) var attempts = 0
    /// How many requests have begun; and the number of the newest one that has ended well.
    private(set) var begun = 0
    private(set) var newestSuccess = 0

    /// What the request in flight is about.
    private enum Question: Sendable {
        case everything
        /// Only what was lacking in the last answer.
        case lacking
    }

    private let maximumAge: Duration
    private var wanted: WantedTopics
    private var notices: [WantedTopics.Notice] = []
    private(set) var isRequested = true
    private var inFlight: Question?
    /// Requests that failed in a row.
    private var failures = 0
    /// Answers in a row that lacked something.
    private var shortAnswers = 0
    private var notBefore: MonotonicTime?
    private var lastAnswer: MonotonicTime?
    /// The last answer about everything that is wanted, and not only about what was lacking.
    private var lastFullAnswer: MonotonicTime?
    /// When the attempts began of which none has succeeded.
    private var attemptingSince: MonotonicTime?

    /// So many answers in a row may name an older leader epoch before they are believed.
    static let mostOlderAnswers = 5

    init(maximumAge: Duration, refusalPause: Duration = .seconds(10)) {
        self.maximumAge = maximumAge
        self.wanted = WantedTopics(refusalPause: refusalPause)
    }

    // MARK: What is wanted

    /// Notes that a topic is in use. Asks for a refresh if it isn't known yet.
    mutating func use(topic: String, now: MonotonicTime) {
        let isNew = self.wanted.use(topic, now: now)
        if isNew, self.snapshot.topics[topic] == nil { self.requestUpdateForNewTopic() }
    }

    /// Replaces what is watched.
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

    /// A first question about a topic need not wait for the backoff of the last one, unless that went badly.
    private mutating func requestUpdateForNewTopic() {
        self.isRequested = true
        if self.failures == 0 { self.notBefore = nil }
    }

    /// Asks for a refresh as soon as the backoff allows.
    mutating func requestUpdate() {
        self.isRequested = true
    }

    // MARK: When

    func nextRefresh(now: MonotonicTime) -> NextRefresh {
        if self.inFlight != nil { return .whenAnswered }
        var due = now
        if !self.isRequested, let fullAnswerDue = self.fullAnswerDue {
            due = fullAnswerDue
            // What is lacking is asked for again without anybody's request, for as long as it is wanted.
            if self.wanted.isLackingNow, let lastAnswer = self.lastAnswer {
                due = min(due, lastAnswer + (self.wanted.lacksFirstMatch ? self.pauseBetweenAll : .zero))
            }
        }
        if let notBefore = self.notBefore { due = max(due, notBefore) }
        return due <= now ? .now : .at(due)
    }

    /// When everything is asked for again though nobody wants anything new; nil before the first answer.
    private var fullAnswerDue: MonotonicTime? {
        let pause = self.wanted.isRefusedSomething ? min(self.wanted.refusalPause, self.maximumAge) : self.maximumAge
        return self.lastFullAnswer.map { $0 + pause }
    }

    /// A question about every topic costs the cluster something for each: a millisecond's pause.
    private var pauseBetweenAll: Duration { .milliseconds(self.snapshot.topics.count) }

    /// Begins a request; what it is to ask for. Topics out of use are forgotten here.
    mutating func begin(now: MonotonicTime) -> Interest {
        let isFull =
            self.isRequested || self.wanted.lacksFirstMatch || self.fullAnswerDue.map { $0 <= now } ?? true
        self.inFlight = isFull ? .everything : .lacking
        self.begun += 1
        self.isRequested = false
        if self.attemptingSince == nil { self.attemptingSince = now }
        self.wanted.forgetUnused(now: now)
        // Between two questions about everything, only what is lacking is asked for.
        if !isFull { return .topics(self.wanted.lackingTopics.sorted()) }
        return self.wanted.watchesAll ? .all : .topics(self.wanted.names.sorted())
    }

    // MARK: Answers

    /// Takes an answer to `asked`. `backoff` is how long the next request waits at least.
    /// Returns whether the snapshot has changed.
    mutating func succeeded(
        _ update: MetadataUpdate, asked: Interest, now: MonotonicTime, backoff: (_ failures: Int) -> Duration
    ) -> Bool {
        // A broker that knows no brokers has only just started: what we know is better.
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
            topics[topic.name] = Self.merge(known: self.snapshot.topics[topic.name], answer: topic)
        }
        // Topics that this request did not ask for keep what is known of them, while somebody uses them.
        if case .topics(let names) = asked {
            let names = Set(names)
            for (name, topic) in self.snapshot.topics where topics[name] == nil && !names.contains(name) {
                if self.wanted.contains(name) { topics[name] = topic }
            }
            // A topic came into use, or a pattern, while the request was on its way.
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
        // What is lacking is asked for again soon, but more and more rarely.
        self.shortAnswers = self.wanted.isLackingNow ? self.shortAnswers + 1 : 0
        self.notBefore = now + backoff(max(self.shortAnswers, 1))
        return true
    }

    private mutating func noteMoves(since before: ClusterMetadata) {
        let moved = self.wanted.moves(from: before, to: self.snapshot)
        if !moved.isEmpty { self.notices.append(.moved(moved)) }
    }

    /// Whether nothing of what is wanted is lacking.
    var isSettled: Bool { !self.wanted.isLackingNow }

    private mutating func compare(now: MonotonicTime) {
        self.notices += self.wanted.compare(with: self.snapshot, now: now)
    }

    /// Takes the notices about wanted topics that are to be logged.
    mutating func takeNotices() -> [WantedTopics.Notice] {
        defer { self.notices = [] }
        return self.notices
    }

    /// Takes the failure of a request.
    mutating func failed(now: MonotonicTime, backoff: (_ failures: Int) -> Duration) {
        self.inFlight = nil
        self.isRequested = true
        self.attempts += 1
        self.failures += 1
        self.notBefore = now + backoff(self.failures)
    }

    /// Forgets brokers, so that the bootstrap servers are asked again (KIP-899). Topics stay as they are.
    mutating func rebootstrap() {
        self.isRequested = true
        self.attemptingSince = nil
        self.snapshot = ClusterMetadata(
            version: self.snapshot.version + 1, clusterID: nil, controllerID: nil, brokers: [:],
            topics: self.snapshot.topics)
    }

    /// Whether all attempts have failed for longer than `trigger`. That there was no need to ask does not count.
    func needsRebootstrap(after trigger: Duration, now: MonotonicTime) -> Bool {
        self.attemptingSince.map { now - $0 > trigger } ?? false
    }

    /// Takes leaders that a broker named in a Produce or Fetch response (KIP-951). Returns whether anything changed.
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

    /// Keeps the partitions whose leader epoch is newer than the answer's: brokers learn of elections at different times.
    private static func merge(known: TopicMetadata?, answer: TopicMetadata) -> TopicMetadata {
        guard let known, known.id == answer.id || known.id == .zero || answer.id == .zero else { return answer }
        // A topic that is only briefly not there (a broker restarting, an election) keeps its partitions.
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
            // Brokers of a cluster without topic ids tell no difference between a broker that is behind and a topic that was
            // made again; but nobody is behind for ever.
            guard answer.id != .zero || before.olderAnswers < Self.mostOlderAnswers else { continue }
            merged.partitions[index] = before
            merged.partitions[index].olderAnswers += 1
        }
        return merged
    }
}
