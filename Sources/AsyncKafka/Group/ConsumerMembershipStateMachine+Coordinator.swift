// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The coordinator's answers.
extension ConsumerMembershipStateMachine {
    /// A heartbeat to send.
    struct Heartbeat: Hashable, Sendable {
        var number: Int
        var memberID: String
        var epoch: Int32
        /// What this member owns, and what it may take over while the heartbeat is under way.
        var owned: Set<TopicIDPartition>
        /// What the coordinator knows; nil if the heartbeat has to contain everything.
        var told: Told?

        var joins: Bool { self.epoch == 0 }
    }

    enum DueHeartbeat: Hashable, Sendable {
        /// A heartbeat to send. It is useless after `until`.
        case send(Heartbeat, until: MonotonicTime)
        case at(MonotonicTime)
        /// No heartbeats are due.
        case none
    }

    typealias Answer = ConsumerGroupHeartbeatCall.Answer

    /// Returns the next heartbeat, which counts as in flight from then on. Heartbeats continue while the reader performs a
    /// step.
    mutating func heartbeat(now: MonotonicTime) -> DueHeartbeat {
        switch self.state {
        case .joining, .stable, .assigning, .revoking: break
        case .leaving: if !self.isMember { return .none }
        case .idle, .losing, .suspended, .failed: return .none
        }
        if self.inFlight != nil { return .none }
        let due = self.nextHeartbeat ?? now
        guard due <= now else { return .at(due) }
        self.heartbeats += 1
        self.inFlight = self.heartbeats
        self.mayBeKnown = true
        self.nextHeartbeat = now + self.heartbeatInterval
        // The coordinator gives to others what isn't in the heartbeat. The reader may begin to take over what is in the target
        // at any time.
        let held = self.owned.all.compactMap { partition in
            self.ids[partition].map { TopicIDPartition($0, partition.partition) }
        }
        let owned = (self.target ?? []).union(held)
        // A third of the session leaves time to ask another coordinator if this one hangs.
        let end = now + self.terms.sessionTimeout / 3
        return .send(
            Heartbeat(
                number: self.heartbeats, memberID: self.memberID, epoch: self.epoch, owned: owned, told: self.told),
            until: min(end, self.sessionDeadline ?? end))
    }

    /// Processes the answer to a heartbeat that was sent at `sentAt`. Returns false if the heartbeat doesn't matter
    /// anymore, because the member has been removed or has left since.
    mutating func answered(
        _ heartbeat: Heartbeat, _ answer: Answer, told subscription: MemberSubscription, sentAt: MonotonicTime
    ) -> Bool {
        guard self.inFlight == heartbeat.number else { return false }
        self.inFlight = nil
        guard answer.epoch > 0 else { return true }
        self.failures = 0
        self.unreleasedSince = nil
        self.epoch = answer.epoch
        self.told = Told(subscription: subscription, owned: heartbeat.owned)
        // The configured session may be shorter than the broker's.
        self.heartbeatInterval = min(answer.heartbeatInterval, self.terms.sessionTimeout / 3)
        if self.nextHeartbeat != nil { self.nextHeartbeat = sentAt + self.heartbeatInterval }
        self.sessionEnd = max(self.sessionEnd ?? sentAt, sentAt + self.terms.sessionTimeout)
        self.otherProtocol.reset()
        if self.state == .joining {
            self.state = .stable
            self.isAssignmentDue = true
        }
        if let target = answer.target, target != self.target {
            self.target = target
            switch self.state {
            // What the reader hasn't begun is decided anew.
            case .assigning, .revoking:
                if self.owned.withdraw() {
                    self.nextHeartbeat = nil
                    self.state = .stable
                    self.isAssignmentDue = true
                }
            default: break
            }
        }
        return true
    }

    /// What follows after a heartbeat that failed.
    enum Remedy: Hashable, Sendable {
        /// The next heartbeat is scheduled.
        case again
        /// The member goes on, but the reader has to know.
        case report
        /// The group has removed the member, which rejoins.
        case rejoin
        /// The group can only be joined by the classic protocol.
        case changeProtocol
        /// The group can't be joined.
        case giveUp
    }

    /// Notes that a heartbeat was refused or not answered.
    mutating func failed(
        _ heartbeat: Heartbeat, _ error: KafkaError, now: MonotonicTime, backoff: Duration
    ) -> Remedy {
        guard self.inFlight == heartbeat.number else { return .again }
        self.inFlight = nil
        self.told = nil
        self.failures += 1
        self.nextHeartbeat = now + min(backoff, self.heartbeatInterval)
        if self.state == .leaving {
            self.failedWhileLeaving(error)
            return .again
        }
        switch error.brokerCode {
        case ErrorCode.fencedMemberEpoch?, ErrorCode.unknownMemberId?:
            if self.state == .joining { return .again }
            self.mayBeKnown = false
            self.reason = "the group has removed the member"
            self.loseMembership()
            return .rejoin
        case ErrorCode.unreleasedInstanceId?:
            // A member that has died is in the group until its session ends.
            let since = self.unreleasedSince ?? now
            self.unreleasedSince = since
            if now - since <= self.terms.sessionTimeout * 3 / 2 { return .again }
            self.fail(error)
            return .giveUp
        case ErrorCode.topicAuthorizationFailed?:
            self.nextHeartbeat = now + self.heartbeatInterval
            return .report
        case ErrorCode.notCoordinator?, ErrorCode.coordinatorNotAvailable?, ErrorCode.coordinatorLoadInProgress?:
            return .again
        case _ where error.refusesConsumerProtocol:
            return self.protocolRefused(error)
        case _ where error.isRetriable:
            return .again
        default:
            self.fail(error)
            return .giveUp
        }
    }

    private mutating func protocolRefused(_ error: KafkaError) -> Remedy {
        self.mayBeKnown = false
        guard self.state == .joining else {
            // The group doesn't exist anymore, or the brokers have changed. The next attempt to join decides.
            self.reason = "the group has removed the member"
            self.loseMembership()
            return .rejoin
        }
        if self.otherProtocol.isUntried { return .changeProtocol }
        self.fail(self.otherProtocol.explain(error))
        return .giveUp
    }

    /// A member that is leaving doesn't join again, whatever the coordinator answers. If the group has removed it, it sends no
    /// more heartbeats, and needs not leave.
    private mutating func failedWhileLeaving(_ error: KafkaError) {
        switch error.brokerCode {
        case ErrorCode.fencedMemberEpoch?, ErrorCode.unknownMemberId?, ErrorCode.fencedInstanceId?:
            self.epoch = 0
            self.mayBeKnown = false
        default: break
        }
    }

    private mutating func fail(_ error: KafkaError) {
        self.failure = error
        if error.brokerCode == .fencedInstanceId { self.mayBeKnown = false }
        self.unreleasedSince = nil
        self.loseMembership(then: .fail)
    }

    /// Handles the refusal of a commit. Refusals of older identities are ignored.
    mutating func refused(_ error: KafkaError, sender: CommitIdentity) {
        guard self.isMember, sender == self.committer else { return }
        switch error.brokerCode {
        case ErrorCode.unknownMemberId?, ErrorCode.fencedMemberEpoch?:
            self.mayBeKnown = false
            self.reason = "the group has removed the member"
            self.loseMembership()
        case ErrorCode.fencedInstanceId?: self.fail(error)
        // The answer to the next heartbeat has the epoch.
        case ErrorCode.staleMemberEpoch?: self.nextHeartbeat = nil
        default: break
        }
    }

    /// The time at which the coordinator removes this member unless it receives another heartbeat.
    var sessionDeadline: MonotonicTime? {
        switch self.state {
        case .stable, .assigning, .revoking: self.isMember ? self.sessionEnd : nil
        case .idle, .joining, .losing, .suspended, .leaving, .failed: nil
        }
    }

    /// Gives up the membership if no heartbeat was answered for the session timeout, and returns whether that is so.
    mutating func sessionEnded(now: MonotonicTime) -> Bool {
        guard let deadline = self.sessionDeadline, deadline <= now else { return false }
        self.reason = "the group had not heard of the member for the session timeout"
        self.loseMembership()
        return true
    }
}
