// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The fetch sessions of a broker, limited to `capacity`. New sessions replace those that were unused for two minutes.
struct FetchSessions: Sendable {
    /// The plan for the response to a Fetch request.
    struct Plan {
        /// The session ID in the response, or 0 for no session.
        var sessionID: Int32
        /// Whether the response includes only changed partitions.
        var isIncremental: Bool
        var wants: [(key: FetchSession.Key, want: FetchSession.Want)]
    }

    static let staleAfter: Int64 = 120_000

    let capacity: Int
    private(set) var sessions: [Int32: FetchSession] = [:]

    init(capacity: Int = 1000) {
        self.capacity = capacity
    }

    /// Processes a request. `newID` is the ID of a new session, and `now` is in monotonic milliseconds.
    mutating func begin(
        sessionID: Int32, epoch: Int32, wants: [(key: FetchSession.Key, want: FetchSession.Want)],
        forgotten: [FetchSession.Key], usesTopicIDs: Bool, newID: Int32, now: Int64
    ) throws(BrokerError) -> Plan {
        guard epoch > 0 else {
            if sessionID != 0 { self.sessions[sessionID] = nil }
            guard epoch == 0, self.makeRoom(now: now) else {
                return Plan(sessionID: 0, isIncremental: false, wants: wants)
            }
            var session = FetchSession(id: newID, usesTopicIDs: usesTopicIDs, now: now)
            session.update(wants, forgetting: [])
            self.sessions[newID] = session
            return Plan(sessionID: newID, isIncremental: false, wants: wants)
        }
        guard var session = self.sessions[sessionID] else { throw BrokerError(.fetchSessionIdNotFound) }
        guard session.epoch == epoch else { throw BrokerError(.invalidFetchSessionEpoch) }
        guard session.usesTopicIDs == usesTopicIDs else { throw BrokerError(.fetchSessionTopicIdError) }
        session.update(wants, forgetting: forgotten)
        guard session.count > 0 else {
            self.sessions[sessionID] = nil
            return Plan(sessionID: 0, isIncremental: false, wants: [])
        }
        session.epoch = epoch == Int32.max ? 1 : epoch + 1
        session.lastUsed = now
        self.sessions[sessionID] = session
        return Plan(sessionID: sessionID, isIncremental: true, wants: session.wants)
    }

    /// Processes a result, and returns the partitions that the response must include.
    mutating func end(_ plan: Plan, outcomes: [FetchSession.Key: FetchSession.Outcome]) -> Set<FetchSession.Key> {
        let named = self.sessions[plan.sessionID]?.answered(outcomes)
        guard plan.isIncremental, let named else { return Set(outcomes.keys) }
        return named
    }

    /// Ends a session.
    mutating func remove(_ sessionID: Int32) {
        self.sessions[sessionID] = nil
    }

    private mutating func makeRoom(now: Int64) -> Bool {
        guard self.sessions.count >= self.capacity else { return true }
        guard let oldest = self.sessions.values.min(by: { $0.lastUsed < $1.lastUsed }),
            now - oldest.lastUsed > Self.staleAfter
        else { return false }
        self.sessions[oldest.id] = nil
        return true
    }
}
