// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The coordinator's answers.
extension ClassicMembershipStateMachine {
    // MARK: Joining

    /// Whether a prepared JoinGroup is still to be sent. The consumer may have left the group since, and begun to join
    /// again.
    func wantsToJoin(as identity: Identity) -> Bool {
        self.state == .unjoined && self.identity == identity
    }

    mutating func requestSent(now: MonotonicTime) {
        switch self.state {
        case .unjoined:
            self.state = .joining(isOutOfDate: false)
            if self.owned.isEmpty { self.nextHeartbeat = nil }
        case .joined(let isOutOfDate):
            self.state = .syncing(isOutOfDate: isOutOfDate)
        case .leaving(during: .joined):
            self.state = .leaving(during: .syncing)
        default:
            break
        }
    }

    /// When a refused or failed request is sent again.
    enum Retry: Hashable, Sendable {
        case atOnce
        case afterBackoff
        case never
        /// The group can only be joined by the consumer protocol.
        case changeProtocol
    }

    /// The coordinator has accepted this member into a new generation.
    ///
    /// - Parameter hasLeader: Whether a member distributes the partitions. Otherwise the group is one of the consumer protocol,
    ///   whose coordinator does, and the generation is the member's epoch.
    mutating func joined(memberID: String, generation: Int32, hasLeader: Bool = true, now: MonotonicTime) {
        let next: State
        switch self.state {
        case .joining(let isOutOfDate): next = .joined(isOutOfDate: isOutOfDate)
        case .leaving(during: .joining): next = .leaving(during: .joined)
        default: return
        }
        // The leaders of the generations that were missed may have given the partitions to other members.
        let hasMissed = hasLeader && self.isMember && generation > self.identity.generation + 1
        self.identity = Identity(memberID: memberID, generation: generation)
        guard !hasMissed || self.owned.isEmpty else {
            self.reason = "the group had rebalanced without the member"
            return self.loseMembership(keepsMemberID: true)
        }
        self.otherProtocol.reset()
        self.nextHeartbeat = now + self.terms.heartbeatInterval
        self.sessionEnd = now + self.terms.sessionTimeout
        self.state = next
    }

    mutating func joinFailed(_ error: KafkaError, memberID: String? = nil) -> Retry {
        if self.state == .leaving(during: .joining) { self.state = .leaving(during: nil) }
        guard case .joining = self.state else { return .never }
        self.failures += 1
        self.state = .unjoined
        if self.owned.isEmpty { self.identity.generation = -1 }
        switch error.brokerCode {
        case ErrorCode.memberIdRequired?, ErrorCode.unknownMemberId?:
            self.loseMembership(keepsMemberID: false)
            self.identity.memberID = memberID ?? ""
            return self.soon
        case ErrorCode.inconsistentGroupProtocol? where self.otherProtocol.isUntried:
            if self.owned.isEmpty { return .changeProtocol }
            // The partitions are lost first. The next attempt to join decides.
            self.loseMembership(keepsMemberID: true)
            return .atOnce
        default:
            let retry = self.retry(after: error)
            if retry != .never, error.isOutcomeUnknown {
                // The group may have rebalanced, and would not believe what this member still owns: its leader could give
                // the partitions to others before this member has revoked them.
                self.reason = "it is not known whether the group has answered"
                self.revoke(self.owned.all, then: .join)
            }
            return retry
        }
    }

    /// Stores the topics that this member distributes as the group's leader; none if another member is the leader.
    /// Ignored if the member has left or rejoined since.
    mutating func distributes(_ topics: [String: AssignableTopic?], as identity: Identity) {
        if self.nextRequest == .sync(identity) { self.distributed = topics }
    }

    /// The leader's assignment has arrived.
    mutating func synced(_ assignment: [TopicPartition], now: MonotonicTime) {
        self.endRebalanceOfLeaver()
        guard let isOutOfDate = self.isSyncOutOfDate else { return }
        self.failures = 0
        if isOutOfDate {
            // The listener doesn't know of the assignment, so there is nothing to revoke.
            self.state = .unjoined
            return
        }
        self.lastAssignment = MemberAssignment(assignment, generation: self.identity.generation)
        self.sessionEnd = now + self.terms.sessionTimeout
        let kept = Set(assignment).intersection(self.owned.all)
        let added = assignment.filter { !kept.contains($0) }
        let revoked = self.owned.all.filter { !kept.contains($0) }
        if !revoked.isEmpty {
            self.reason = "the member has revoked partitions"
            return self.revoke(revoked, then: .assign(added))
        }
        self.owned.offer(.assign(added))
        self.state = .assigning(isOutOfDate: false)
    }

    // What the member owned when it joined this generation stays its own, whatever the leader has decided.
    mutating func syncFailed(_ error: KafkaError) -> Retry {
        self.endRebalanceOfLeaver()
        guard self.isSyncOutOfDate != nil else { return .never }
        self.state = .unjoined
        self.reason = "the group rebalanced before the assignment came"
        self.failures += 1
        switch error.brokerCode {
        case ErrorCode.rebalanceInProgress?:
            return self.soon
        case ErrorCode.unknownMemberId?:
            self.loseMembership(keepsMemberID: false)
            return self.soon
        case ErrorCode.illegalGeneration?:
            self.loseMembership(keepsMemberID: true)
            return self.soon
        default:
            return self.retry(after: error)
        }
    }

    private mutating func endRebalanceOfLeaver() {
        if case .leaving = self.state { self.state = .leaving(during: nil) }
    }

    /// Whether the subscription has changed since JoinGroup, while an assignment is expected; nil otherwise.
    private var isSyncOutOfDate: Bool? {
        switch self.state {
        // SyncGroup may also fail before it is sent.
        case .joined(let isOutOfDate), .syncing(let isOutOfDate): isOutOfDate
        default: nil
        }
    }

    /// Some refusals are a normal part of joining and retried immediately. If the group keeps refusing, a backoff
    /// follows.
    private var soon: Retry { self.failures <= 5 ? .atOnce : .afterBackoff }

    private mutating func retry(after error: KafkaError) -> Retry {
        switch error.brokerCode {
        case ErrorCode.notCoordinator?, ErrorCode.coordinatorNotAvailable?, ErrorCode.rebalanceInProgress?,
            ErrorCode.illegalGeneration?, ErrorCode.coordinatorLoadInProgress?:
            return .afterBackoff
        case _ where error.isRetriable: return .afterBackoff
        default:
            self.fail(error.refusesClassicProtocol ? self.otherProtocol.explain(error) : error)
            return .never
        }
    }

    /// Gives up joining. The member id is kept, because the coordinator may still know it: if the member rejoins, the
    /// group doesn't wait for its former self. A member that is fenced by another one with its instance id loses its
    /// member id as well.
    private mutating func fail(_ error: KafkaError) {
        self.failure = error
        self.loseMembership(keepsMemberID: error.brokerCode != .fencedInstanceId, then: .fail)
    }

    // MARK: Heartbeats

    enum Heartbeat: Hashable, Sendable {
        /// A heartbeat to send. It is useless after `until`.
        case send(Identity, until: MonotonicTime)
        case at(MonotonicTime)
        /// The member has no generation, so no heartbeats are due.
        case none
    }

    /// Returns the next heartbeat. Heartbeats continue while the reader performs a step, and while the member joins with
    /// the partitions that it owns.
    mutating func heartbeat(now: MonotonicTime) -> Heartbeat {
        let isDue =
            switch self.state {
            case .joined, .assigning, .stable, .revoking, .leaving: true
            case .unjoined, .joining, .syncing: !self.owned.isEmpty
            case .idle, .losing, .suspended, .failed: false
            }
        guard isDue, self.isMember else { return .none }
        let due = self.nextHeartbeat ?? now
        guard due <= now else { return .at(due) }
        self.nextHeartbeat = now + self.terms.heartbeatInterval
        // A third of the session leaves time to ask another coordinator if this one hangs.
        let end = now + self.terms.sessionTimeout / 3
        return .send(self.identity, until: min(end, self.sessionDeadline ?? end))
    }

    /// Whether the group may answer a request of this member when all members have sent theirs. Heartbeats don't wait for that.
    var isWaitingForGroup: Bool {
        switch self.state {
        case .joining, .syncing, .leaving(during: .some): true
        // The request may be sent before a heartbeat that is decided now.
        case .unjoined, .joined: !self.owned.isEmpty
        default: false
        }
    }

    /// Extends the session after the coordinator has answered a heartbeat that was sent at `sentAt`.
    mutating func heartbeatArrived(of sender: Identity, sentAt: MonotonicTime) {
        guard sender == self.identity, let end = self.sessionEnd else { return }
        self.sessionEnd = max(end, sentAt + self.terms.sessionTimeout)
    }

    /// Schedules the next heartbeat after `backoff`, because the last one was not answered.
    mutating func heartbeatFailed(now: MonotonicTime, backoff: Duration) {
        self.nextHeartbeat = now + min(backoff, self.terms.heartbeatInterval)
    }

    /// The time at which the coordinator removes this member unless it receives another heartbeat.
    ///
    /// Nil while JoinGroup or SyncGroup of a member without partitions is in flight: the coordinator doesn't remove a member
    /// that waits for its answer.
    var sessionDeadline: MonotonicTime? {
        switch self.state {
        case .joined, .assigning, .stable, .revoking: self.isMember ? self.sessionEnd : nil
        case .unjoined, .joining, .syncing: self.isMember && !self.owned.isEmpty ? self.sessionEnd : nil
        case .idle, .losing, .suspended, .leaving, .failed: nil
        }
    }

    /// Gives up the membership if no heartbeat was answered for the session timeout, and returns whether that is so.
    /// The member id is kept, because a coordinator that was suspended hasn't removed anyone.
    mutating func sessionEnded(now: MonotonicTime) -> Bool {
        guard let deadline = self.sessionDeadline, deadline <= now else { return false }
        self.reason = "the group had not heard of the member for the session timeout"
        self.loseMembership(keepsMemberID: true)
        return true
    }

    /// Handles the refusal of a heartbeat or commit of `sender`'s generation. Refusals of older identities are ignored.
    mutating func refused(_ error: KafkaError, sender: Identity) {
        guard sender == self.identity, sender.generation >= 0 else { return }
        switch (error.brokerCode, self.state) {
        // The answer to JoinGroup decides. It may be on its way, with a new generation.
        case (_, .joining), (_, .leaving(during: .joining)): break
        case (ErrorCode.rebalanceInProgress?, .stable), (ErrorCode.rebalanceInProgress?, .assigning):
            self.rebalance(because: "the group rebalances")
        case (ErrorCode.illegalGeneration?, _):
            self.reason = "the member's generation is over"
            self.loseMembership(keepsMemberID: true)
        case (ErrorCode.unknownMemberId?, _):
            self.reason = "the group has dropped the member"
            self.loseMembership(keepsMemberID: false)
        case (ErrorCode.fencedInstanceId?, _), (ErrorCode.groupAuthorizationFailed?, _):
            self.failure = error
            self.loseMembership(keepsMemberID: error.brokerCode != .fencedInstanceId, then: .fail)
        // A member that is about to join needs not be told of a rebalance.
        default: break
        }
    }
}
