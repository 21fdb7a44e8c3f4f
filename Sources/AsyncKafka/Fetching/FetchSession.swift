// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The incremental fetch session with one broker (KIP-227): decides which partitions a Fetch has to name. Pure.
///
/// The broker keeps the partitions of a session with their offsets, so a request names only those that have changed.
struct FetchSession: Sendable {
    /// The parameters of one partition.
    struct Partition: Hashable, Sendable {
        var topicID: KafkaUUID = .zero
        var fetchOffset: Int64
        var leaderEpoch: Int32 = -1
        var maximumBytes: Int32
    }

    /// The content of a request.
    struct Request: Sendable {
        var sessionID: Int32
        var sessionEpoch: Int32
        var partitions: [(TopicPartition, Partition)]
        var forgotten: [(TopicPartition, topicID: KafkaUUID)]
        /// Whether every partition's topic has an id, so that the request uses ids instead of names (Fetch v13).
        var usesTopicIDs: Bool

        var isFull: Bool { self.sessionEpoch == 0 || self.sessionEpoch == -1 }
    }

    /// How an answer fits its request. Unless it is accepted, none of its content may be used.
    enum Outcome: Hashable, Sendable {
        case accepted
        /// The broker refused the session. The next request opens a new one.
        case rejected(ErrorCode)
        /// The answer doesn't match the request.
        case malformed
    }

    static let none: Int32 = 0
    private static let opening: Int32 = 0
    /// The epoch of a request that ends its session, or that doesn't use one.
    static let closing: Int32 = -1

    private(set) var id = FetchSession.none
    private(set) var epoch = FetchSession.opening
    /// The partitions of the session at the broker, once the request in flight has arrived.
    private var known: [TopicPartition: Partition] = [:]
    private var usesTopicIDs = false

    /// Returns the name of a topic in the session. Answers from Fetch v13 on contain only topic ids.
    func topic(id: KafkaUUID) -> String? {
        self.known.first { $0.value.topicID == id }?.key.topic
    }

    /// Plans a request for `wanted`, in its order. Partitions of the session that `wanted` doesn't contain are removed
    /// from it.
    ///
    /// - Parameter knowsTopicIDs: whether the broker supports topic ids instead of names (Fetch v13).
    mutating func begin(wanted: [(TopicPartition, Partition)], knowsTopicIDs: Bool = true) -> Request {
        let usesTopicIDs = knowsTopicIDs && !wanted.contains { $0.1.topicID == .zero }
        // A broker rejects a change between ids and names within a session.
        if usesTopicIDs != self.usesTopicIDs, self.epoch != Self.opening { self.epoch = Self.opening }
        self.usesTopicIDs = usesTopicIDs

        if self.epoch == Self.opening {
            self.known = Dictionary(wanted) { $1 }
            return Request(
                sessionID: self.id, sessionEpoch: self.epoch, partitions: wanted, forgotten: [],
                usesTopicIDs: usesTopicIDs)
        }
        var changed: [(TopicPartition, Partition)] = []
        var forgotten: [(TopicPartition, topicID: KafkaUUID)] = []
        var gone = self.known
        for (partition, request) in wanted {
            if let before = gone.removeValue(forKey: partition) {
                if before == request { continue }
                // The topic was deleted and recreated. A broker that uses ids treats it as another partition, so the
                // old one is removed. By name it is the same partition, which the request would add and remove at once.
                if usesTopicIDs, before.topicID != request.topicID { forgotten.append((partition, before.topicID)) }
            }
            changed.append((partition, request))
        }
        forgotten += gone.map { ($0.key, $0.value.topicID) }
        self.known = Dictionary(wanted) { $1 }
        return Request(
            sessionID: self.id, sessionEpoch: self.epoch, partitions: changed,
            forgotten: forgotten.sorted { $0.0 < $1.0 }, usesTopicIDs: usesTopicIDs)
    }

    /// Processes an answer's error, session id and partitions.
    mutating func answered(
        _ request: Request, error: ErrorCode, sessionID: Int32, partitions: [TopicPartition], isThrottled: Bool = false
    ) -> Outcome {
        guard error == .none else {
            if error == .fetchSessionIdNotFound { self.id = Self.none }
            self.epoch = Self.opening
            return .rejected(error)
        }
        let isComplete = partitions.allSatisfy { self.known[$0] != nil }
        if request.isFull {
            let isEmptyByThrottling = partitions.isEmpty && isThrottled
            guard isComplete, isEmptyByThrottling || Set(partitions).count == self.known.count else {
                self.reset()
                return .malformed
            }
            self.id = sessionID
            // A broker that grants no session returns id 0; every request is a full one then.
            self.epoch = sessionID == Self.none ? Self.opening : 1
            return .accepted
        }
        guard isComplete else {
            self.reset()
            return .malformed
        }
        self.epoch = self.epoch == .max ? 1 : self.epoch + 1
        return .accepted
    }

    /// Notes that no answer arrived. It is unknown whether the broker processed the request, so the next one replaces
    /// the session.
    mutating func failed() {
        self.epoch = Self.opening
    }

    /// Abandons a session after a malformed answer, without closing it at the broker.
    private mutating func reset() {
        self.id = Self.none
        self.epoch = Self.opening
    }

    /// Returns the request that ends the session, or nil if there is none.
    mutating func close() -> Request? {
        guard self.id != Self.none else { return nil }
        defer { self = FetchSession() }
        return Request(
            sessionID: self.id, sessionEpoch: Self.closing, partitions: [], forgotten: [],
            usesTopicIDs: self.usesTopicIDs)
    }
}
