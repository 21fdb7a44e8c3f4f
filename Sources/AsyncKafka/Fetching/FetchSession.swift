// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The incremental fetch session with one broker (KIP-227): says what a Fetch has to name and what it may leave out. Pure.
///
/// The broker remembers the partitions of a session with their offsets, so that a request names only what has changed.
struct FetchSession: Sendable {
    /// What is asked of one partition.
    struct Partition: Hashable, Sendable {
        var topicID: KafkaUUID = .zero
        var fetchOffset: Int64
        var leaderEpoch: Int32 = -1
        var maximumBytes: Int32
    }

    /// What goes into a request.
    struct Request: Sendable {
        var sessionID: Int32
        var sessionEpoch: Int32
        var partitions: [(TopicPartition, Partition)]
        var forgotten: [(TopicPartition, topicID: KafkaUUID)]
        /// Whether every partition's topic has an id, so that names are not needed (Fetch v13).
        var usesTopicIDs: Bool

        var isFull: Bool { self.sessionEpoch == 0 || self.sessionEpoch == -1 }
    }

    /// Nothing is known of what the broker sent, and nothing of it may be used.
    enum Outcome: Hashable, Sendable {
        case accepted
        /// The session is gone or confused: the next request opens a new one.
        case rejected(ErrorCode)
        /// The answer does not fit the request.
        case malformed
    }

    static let none: Int32 = 0
    private static let opening: Int32 = 0
    /// Ends the session, or does without one.
    static let closing: Int32 = -1

    private(set) var id = FetchSession.none
    private(set) var epoch = FetchSession.opening
    /// What the broker has in the session, once the request in flight has arrived.
    private var known: [TopicPartition: Partition] = [:]
    private var usesTopicIDs = false

    /// The name of a topic in the session: answers from Fetch v13 on have only its id.
    func topic(id: KafkaUUID) -> String? {
        self.known.first { $0.value.topicID == id }?.key.topic
    }

    /// Begins a request for `wanted`, in its order. What the session knows and `wanted` doesn't name is forgotten.
    ///
    /// - Parameter knowsTopicIDs: whether the broker takes topic ids in place of names (Fetch v13).
    mutating func begin(wanted: [(TopicPartition, Partition)], knowsTopicIDs: Bool = true) -> Request {
        let usesTopicIDs = knowsTopicIDs && !wanted.contains { $0.1.topicID == .zero }
        // Going from ids to names or back inside a session is an error to the broker.
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
                // The topic was deleted and made again: for a broker that goes by ids that is another partition. By name it is
                // the same one, which would be named and forgotten at once.
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

    /// Takes the head of an answer and the partitions that it names.
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
            // A broker that grants no session answers with id 0: every request is then a full one.
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

    /// No answer came: what the broker did with the request is unknown, so a new session closes the old one.
    mutating func failed() {
        self.epoch = Self.opening
    }

    /// The session in which an answer made no sense is not to be closed, only left alone.
    private mutating func reset() {
        self.id = Self.none
        self.epoch = Self.opening
    }

    /// The request that ends the session, if there is one.
    mutating func close() -> Request? {
        guard self.id != Self.none else { return nil }
        defer { self = FetchSession() }
        return Request(
            sessionID: self.id, sessionEpoch: Self.closing, partitions: [], forgotten: [],
            usesTopicIDs: self.usesTopicIDs)
    }
}
