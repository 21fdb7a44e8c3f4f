// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// What the coordinator says.
extension ClassicMembershipStateMachine {
    // MARK: Joining

    /// Whether a JoinGroup that was prepared is still to be sent: the group may have been left since, and another one begun.
    func wantsToJoin(as identity: Identity) -> Bool {
        self.state == .unjoined && self.identity == identity
    }

    mutating func requestSent(now: MonotonicTime) {
        switch self.state {
        case .unjoined:
            self.state = .joining(isOutOfDate: false)
            self.nextHeartbeat = nil
        case .joined(let isOutOfDate):
            self.state = .syncing(isOutOfDate: isOutOfDate)
        default:
            break
        }
    }

    /// What follows a refused or failed request: it is sent again, at once or after a backoff.
    enum Retry: Hashable, Sendable {
        case atOnce
        case afterBackoff
        case never
    }

    /// The group has this member in a new generation.
    mutating func joined(memberID: String, generation: Int32, now: MonotonicTime) {
        guard case .joining(let isOutOfDate) = self.state else { return }
        self.identity = Identity(memberID: memberID, generation: generation)
        self.nextHeartbeat = now + self.terms.heartbeatInterval
        self.sessionEnd = now + self.terms.sessionTimeout
        self.state = .joined(isOutOfDate: isOutOfDate)
    }

    mutating func joinFailed(_ error: KafkaError, memberID: String? = nil) -> Retry {
        guard case .joining = self.state else { return .never }
        self.state = .unjoined
        self.identity.generation = -1
        self.failures += 1
        switch error.brokerCode {
        case ErrorCode.memberIdRequired?:
            self.identity.memberID = memberID ?? ""
            return self.soon
        case ErrorCode.unknownMemberId?:
            self.identity.memberID = ""
            return self.soon
        default:
            return self.retry(after: error)
        }
    }

    /// The topics that this member distributes as the group's leader; none if another member is the leader. Ignored if the member
    /// has left or joined again since.
    mutating func distributes(_ topics: [String: Int?], as identity: Identity) {
        if self.nextRequest == .sync(identity) { self.distributed = topics }
    }

    /// The leader's assignment has come.
    mutating func synced(_ assignment: [TopicPartition], now: MonotonicTime) {
        guard let isOutOfDate = self.isSyncOutOfDate else { return }
        self.failures = 0
        if isOutOfDate {
            // The listener has not heard of it, so there is nothing to take back.
            self.state = .unjoined
            return
        }
        self.owned = assignment
        self.sessionEnd = now + self.terms.sessionTimeout
        self.state = .mustAssign
    }

    mutating func syncFailed(_ error: KafkaError) -> Retry {
        guard self.isSyncOutOfDate != nil else { return .never }
        self.state = .unjoined
        self.reason = "the group rebalanced before the assignment came"
        self.failures += 1
        switch error.brokerCode {
        case ErrorCode.rebalanceInProgress?:
            return self.soon
        case ErrorCode.unknownMemberId?:
            self.identity = Identity()
            return self.soon
        case ErrorCode.illegalGeneration?:
            self.identity.generation = -1
            return self.soon
        default:
            return self.retry(after: error)
        }
    }

    /// While an assignment is expected: whether the subscription has changed since JoinGroup. Nil otherwise.
    private var isSyncOutOfDate: Bool? {
        switch self.state {
        // SyncGroup may also fail before it is sent.
        case .joined(let isOutOfDate), .syncing(let isOutOfDate): isOutOfDate
        default: nil
        }
    }

    /// Some refusals are part of joining, and answered at once. A group that goes on refusing is given time.
    private var soon: Retry { self.failures <= 5 ? .atOnce : .afterBackoff }

    private mutating func retry(after error: KafkaError) -> Retry {
        switch error.brokerCode {
        case ErrorCode.notCoordinator?, ErrorCode.coordinatorNotAvailable?, ErrorCode.rebalanceInProgress?,
            ErrorCode.illegalGeneration?, ErrorCode.coordinatorLoadInProgress?:
            return .afterBackoff
        case _ where error.isRetriable: return .afterBackoff
        default:
            self.fail(error)
            return .never
        }
    }

    /// The coordinator may still know the member: when it comes back, it does so under the same id, and the group does not wait
    /// for the one that it was. A member with another's instance id has no claim to its member id either.
    private mutating func fail(_ error: KafkaError) {
        self.failure = error
        self.identity = Identity(
            memberID: error.brokerCode == .fencedInstanceId ? "" : self.identity.memberID)
        self.state = .failed(isTold: false)
    }

    // MARK: Heartbeats

    enum Heartbeat: Hashable, Sendable {
        /// It is worth something until then only.
        case send(Identity, until: MonotonicTime)
        case at(MonotonicTime)
        /// Not in a generation.
        case none
    }

    /// What the coordinator is to hear now. Goes on while the reader is busy with a step.
    mutating func heartbeat(now: MonotonicTime) -> Heartbeat {
        switch self.state {
        case .joined, .mustAssign, .assigning, .stable, .mustRevoke, .revoking, .leaving:
            guard self.isMember else { return .none }
            let due = self.nextHeartbeat ?? now
            guard due <= now else { return .at(due) }
            self.nextHeartbeat = now + self.terms.heartbeatInterval
            // A coordinator that hangs is noticed while another one, if there is one by now, can still be asked.
            let end = now + self.terms.sessionTimeout / 3
            return .send(self.identity, until: min(end, self.sessionDeadline ?? end))
        case .idle, .unjoined, .joining, .syncing, .assigningInVain, .revokingInVain, .mustLose, .losing, .suspended,
            .failed:
            return .none
        }
    }

    /// A heartbeat that was sent then has reached the group.
    mutating func heartbeatArrived(of sender: Identity, sentAt: MonotonicTime) {
        guard sender == self.identity, let end = self.sessionEnd else { return }
        self.sessionEnd = max(end, sentAt + self.terms.sessionTimeout)
    }

    /// A heartbeat got no answer: the next is tried after `backoff`.
    mutating func heartbeatFailed(now: MonotonicTime, backoff: Duration) {
        self.nextHeartbeat = now + min(backoff, self.terms.heartbeatInterval)
    }

    /// When the group gives this member up and its partitions to others, if it hears nothing of it until then.
    ///
    /// Nil while a request waits for the group: a member that waits for an answer is not given up.
    var sessionDeadline: MonotonicTime? {
        switch self.state {
        case .joined, .mustAssign, .assigning, .stable, .mustRevoke, .revoking: self.isMember ? self.sessionEnd : nil
        default: nil
        }
    }

    /// The group has heard nothing of this member for the session timeout: it goes on without it, by any clock. Whether that is
    /// so. The member id is kept: a coordinator that hung has given nobody up.
    mutating func sessionEnded(now: MonotonicTime) -> Bool {
        guard let deadline = self.sessionDeadline, deadline <= now else { return false }
        self.reason = "the group had not heard of the member for the session timeout"
        self.loseMembership(keepsMemberID: true)
        return true
    }

    /// A heartbeat or a commit of `sender`'s generation was refused. An answer to an older identity says nothing.
    mutating func refused(_ error: KafkaError, sender: Identity) {
        guard sender == self.identity, sender.generation >= 0 else { return }
        switch error.brokerCode {
        case ErrorCode.rebalanceInProgress?:
            switch self.state {
            case .stable, .mustAssign, .assigning: self.rebalance(because: "the group rebalances")
            // It is on its way to join, or SyncGroup will hear the same.
            default: break
            }
        case ErrorCode.illegalGeneration?:
            self.reason = "the member's generation is over"
            self.loseMembership(keepsMemberID: true)
        case ErrorCode.unknownMemberId?:
            self.reason = "the group has dropped the member"
            self.loseMembership(keepsMemberID: false)
        case ErrorCode.fencedInstanceId?, ErrorCode.groupAuthorizationFailed?:
            // JoinGroup will hear the same.
            if case .joining = self.state { break }
            self.failure = error
            self.loseMembership(keepsMemberID: error.brokerCode != .fencedInstanceId, then: .fail)
        default:
            break
        }
    }
}
