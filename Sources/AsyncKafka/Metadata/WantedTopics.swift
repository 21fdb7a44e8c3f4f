// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The topics that a client wants, and which of them the metadata lacks. Pure.
///
/// Missing topics are requested again until they are available or no longer wanted. The user is notified if that takes
/// long.
struct WantedTopics: Sendable {
    /// The partitions of a topic that are wanted.
    enum Extent: Hashable, Sendable {
        /// All existing partitions, at least one.
        case all
        /// The partitions with these numbers.
        case only(Set<Int32>)
    }

    /// The topics that a consumer reads.
    enum Watched: Hashable, Sendable {
        case topics([String: Extent])
        /// All topics of the cluster are requested, since a pattern may match any of them. `matching` are those that
        /// do.
        case all(matching: Set<String>)

        static let nothing = Watched.topics([:])
    }

    /// Something that is wanted.
    enum Want: Hashable, Sendable {
        case topic(String)
        /// The first topic that a pattern matches, while there is none.
        case firstMatch
    }

    /// Why a topic is unavailable.
    enum Lack: Hashable, Sendable {
        /// The brokers don't know the topic, or nothing matches the pattern.
        case unknown
        /// The topic has no partitions with these numbers.
        case unknownPartitions([Int32])
        /// These partitions have no leader.
        case leaders([Int32])
        /// The client isn't authorized for the topic, or its name isn't valid.
        case refused(ErrorCode)

        /// Whether only an administrator or a change of this client's settings resolves it.
        var isRefusal: Bool { if case .refused = self { true } else { false } }
    }

    /// A notification for the user.
    enum Notice: Hashable, Sendable {
        /// Something has been missing for a while. Reported once.
        case lacking(Want, Lack)
        /// Something that was reported as missing is now available.
        case found(Want)
        /// A topic is refused. Reported at once, and again at intervals while it lasts.
        case refused(topic: String, ErrorCode)
        /// These partitions have a new leader.
        case moved([TopicPartition])
    }

    private struct Missing: Sendable {
        var lack: Lack
        var since: MonotonicTime
        var isSaid = false
        var refusalSaid: MonotonicTime?
    }

    /// How long something must be missing before it is reported. A broker that restarts, or a topic that is being created, is
    /// missing only briefly.
    static let patience: Duration = .seconds(3)
    /// How long after its last use a producer's topic is requested repeatedly while it is incomplete.
    static let recentUse: Duration = .seconds(10)
    /// How long an unused topic is still requested (Kafka's `metadata.max.idle.ms`).
    static let maximumIdle: Duration = .seconds(300)

    /// The interval at which a refused topic is requested again, since access may be granted in the meantime.
    let refusalPause: Duration
    private(set) var watched = Watched.nothing
    /// The topics in use by name, with the time of their last use.
    private var used: [String: MonotonicTime] = [:]
    private var missing: [Want: Missing] = [:]

    init(refusalPause: Duration) {
        self.refusalPause = refusalPause
    }

    // MARK: Wanted topics

    /// Notes that a topic is used. Returns whether it wasn't in use before.
    mutating func use(_ topic: String, now: MonotonicTime) -> Bool {
        self.used.updateValue(now, forKey: topic) == nil
    }

    mutating func watch(_ watched: Watched) {
        self.watched = watched
    }

    mutating func forgetUnused(now: MonotonicTime) {
        self.used = self.used.filter { now - $0.value < Self.maximumIdle }
    }

    var watchesAll: Bool { if case .all = self.watched { true } else { false } }

    /// The topics that are requested by name.
    var names: Set<String> {
        switch self.watched {
        case .topics(let topics): Set(topics.keys).union(self.used.keys)
        case .all(let matching): matching.union(self.used.keys)
        }
    }

    func contains(_ topic: String) -> Bool {
        self.used[topic] != nil || self.isWatched(topic)
    }

    private func isWatched(_ topic: String) -> Bool {
        switch self.watched {
        case .topics(let topics): topics[topic] != nil
        case .all(let matching): matching.contains(topic)
        }
    }

    // MARK: Missing topics

    /// Compares the wanted topics with the newest metadata. Returns the notices that are due.
    mutating func compare(with metadata: ClusterMetadata, now: MonotonicTime) -> [Notice] {
        var lacks: [Want: Lack] = [:]
        func look(_ topic: String, _ extent: Extent) {
            if let lack = Self.lack(extent, of: metadata.topics[topic]) { lacks[.topic(topic)] = lack }
        }
        switch self.watched {
        case .topics(let topics):
            for (name, extent) in topics { look(name, extent) }
        case .all(let matching):
            if matching.isEmpty { lacks[.firstMatch] = .unknown }
            for name in matching { look(name, .all) }
        }
        for (name, time) in self.used where now - time < Self.recentUse && lacks[.topic(name)] == nil {
            look(name, .all)
        }

        var notices: [Notice] = []
        for (want, before) in self.missing where lacks[want] == nil {
            if before.isSaid, self.isThere(want, metadata) { notices.append(.found(want)) }
            self.missing[want] = nil
        }
        for (want, lack) in lacks {
            var missing = self.missing[want] ?? Missing(lack: lack, since: now)
            missing.lack = lack
            if !missing.isSaid, now - missing.since >= Self.patience {
                missing.isSaid = true
                notices.append(.lacking(want, lack))
            }
            if case .refused(let code) = lack, case .topic(let name) = want, self.isWatched(name) {
                if missing.refusalSaid.map({ now - $0 >= self.refusalPause }) ?? true {
                    missing.refusalSaid = now
                    notices.append(.refused(topic: name, code))
                }
            } else {
                missing.refusalSaid = nil
            }
            self.missing[want] = missing
        }
        return notices
    }

    /// The partitions of wanted topics whose leader has changed.
    func moves(from before: ClusterMetadata, to now: ClusterMetadata) -> [TopicPartition] {
        var moved: [TopicPartition] = []
        for name in self.names {
            guard let old = before.topics[name], let new = now.topics[name] else { continue }
            for partition in new.partitions {
                guard let leader = partition.leader, let last = old.partition(partition.index)?.leader, leader != last
                else { continue }
                moved.append(TopicPartition(name, partition.index))
            }
        }
        return moved.sorted()
    }

    /// Whether something that is not missing is available, rather than no longer wanted.
    private func isThere(_ want: Want, _ metadata: ClusterMetadata) -> Bool {
        switch want {
        case .topic(let name): self.contains(name) && metadata.topics[name]?.error == ErrorCode.none
        case .firstMatch: self.watchesAll
        }
    }

    /// Returns what is missing of a topic's wanted partitions, if anything.
    static func lack(_ extent: Extent, of topic: TopicMetadata?) -> Lack? {
        guard let topic else { return .unknown }
        if topic.error != .none {
            // Partitions of a topic with a retriable error are kept from an earlier response.
            return topic.error.isRetriable ? .unknown : .refused(topic.error)
        }
        if topic.partitions.isEmpty { return .unknown }
        var leaderless: [Int32] = []
        switch extent {
        case .all:
            leaderless = topic.partitions.filter { $0.leader == nil }.map(\.index)
        case .only(let wanted):
            let unknown = wanted.filter { topic.partition($0) == nil }
            if !unknown.isEmpty { return .unknownPartitions(unknown.sorted()) }
            leaderless = wanted.filter { topic.partition($0)?.leader == nil }.sorted()
        }
        return leaderless.isEmpty ? nil : .leaders(leaderless)
    }

    /// The topics that are missing or incomplete and may become available at any moment.
    var lackingTopics: Set<String> {
        var names: Set<String> = []
        for case (.topic(let name), let missing) in self.missing where !missing.lack.isRefusal { names.insert(name) }
        return names
    }

    /// Whether a pattern has no match.
    var lacksFirstMatch: Bool { self.missing[.firstMatch] != nil }

    /// Whether something is missing that may become available at any moment.
    var isLackingNow: Bool { self.lacksFirstMatch || !self.lackingTopics.isEmpty }

    /// Whether a topic is refused; such topics are requested again at intervals.
    var isRefusedSomething: Bool { self.missing.values.contains { $0.lack.isRefusal } }
}
