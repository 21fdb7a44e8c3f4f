// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// A member of a group in the classic protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup. Pure.
///
/// The machine says what to send (`nextRequest`, `heartbeat`) and what the reader has to do (`step`), and is notified of the
/// results. In the *eager* protocol, all partitions are revoked before each rebalance. In the *cooperative* one (KIP-429), the
/// member rejoins with its partitions and goes on reading. Afterwards it revokes those that the leader took from it, and
/// rejoins once more, so that the leader can give them to other members.
struct ClassicMembershipStateMachine: Sendable {
    /// The member's identity at the coordinator.
    struct Identity: Hashable, Sendable {
        /// Empty until the coordinator has assigned one.
        var memberID = ""
        /// -1 outside of a generation.
        var generation: Int32 = -1
    }

    /// The state of the membership. In `assigning`, `revoking` and `losing` the reader has a step, which `owned` follows.
    enum State: Hashable, Sendable {
        /// There is no subscription yet, or the consumer has left the group.
        case idle
        /// JoinGroup is due.
        case unjoined
        /// JoinGroup is in flight. It is out of date if the subscription has changed since it was sent; another
        /// rebalance follows then.
        case joining(isOutOfDate: Bool)
        /// SyncGroup is due.
        case joined(isOutOfDate: Bool)
        /// SyncGroup is in flight. The coordinator waits for the leader and expects no heartbeats.
        case syncing(isOutOfDate: Bool)
        /// The reader has to take over partitions of the new assignment. Another rebalance follows if it is out of date.
        case assigning(isOutOfDate: Bool)
        /// The assignment is complete, and no rebalance is in progress.
        case stable
        /// The reader has to give up partitions. It is still a member meanwhile.
        case revoking(then: AfterRevoking)
        /// The group has removed the member. The reader has to report to the listener that its partitions are lost.
        case losing(then: AfterLoss)
        /// The member has left because the poll interval expired. It rejoins when the reader asks for records.
        case suspended
        /// The consumer is leaving, and the last partitions are being given up.
        case leaving(during: Rebalance?)
        /// The group can't be joined; `failure` says why. The coordinator may still know the member.
        case failed(isTold: Bool)
    }

    /// A rebalance that a member with partitions finishes while it leaves: until then, the group refuses commits.
    enum Rebalance: Hashable, Sendable {
        case joining
        case joined
        case syncing
    }

    /// What follows after partitions have been revoked.
    enum AfterRevoking: Hashable, Sendable {
        case join
        /// The rest of a cooperative assignment is taken over. Then the member rejoins, so that the leader gives the revoked
        /// partitions to others.
        case assign([TopicPartition])
    }

    /// The request that is due.
    enum Request: Hashable, Sendable {
        case join(Identity, reason: String)
        case sync(Identity)
    }

    /// The settings of the membership, which don't change.
    struct Terms: Hashable, Sendable {
        var group: String
        /// The name of a static member, which may return under it and therefore sends no LeaveGroup (KIP-345).
        var instanceID: String?
        var heartbeatInterval: Duration
        /// The time without a heartbeat after which the coordinator removes the member.
        var sessionTimeout: Duration
        /// Whether the member keeps its partitions while it rejoins.
        var isCooperative = false
    }

    var state = State.idle
    var identity = Identity()
    var owned = OwnedPartitions()
    /// The error that prevents the member from joining.
    var failure: KafkaError?

    let terms: Terms
    /// What follows if the group refuses the protocol.
    var otherProtocol: OtherProtocol
    var reason = "the consumer starts"
    /// The topics of the subscription; nil if it is a pattern.
    private(set) var subscribed: Set<String>?
    var nextHeartbeat: MonotonicTime?
    /// The time at which the coordinator removes this member if it receives no further heartbeat.
    var sessionEnd: MonotonicTime?
    /// The number of JoinGroup and SyncGroup requests that failed since the last assignment.
    var failures = 0
    /// What the leader last assigned to this member.
    var lastAssignment: MemberAssignment?
    /// The group's topics when this member, as the leader, last distributed their partitions; nil while they are being
    /// looked up.
    var distributed: [String: AssignableTopic?] = [:]

    init(_ terms: Terms, otherProtocol: OtherProtocol = .none) {
        self.terms = terms
        self.otherProtocol = otherProtocol
    }

    /// Joins in place of a membership in the consumer protocol, which the group has refused.
    init(_ terms: Terms, insteadOf former: ConsumerMembershipStateMachine, after refusal: KafkaError) {
        self.init(terms, otherProtocol: .refused(refusal))
        self.owned = OwnedPartitions(after: former.owned)
        // A group that takes neither protocol must not be asked faster than one that refuses its only one.
        self.failures = former.failures
        self.subscribed(to: former.subscribed, because: former.reason)
    }

    // MARK: Questions

    /// The request that is due, if any. Its sender calls `requestSent`.
    var nextRequest: Request? {
        switch self.state {
        case .unjoined: .join(self.identity, reason: self.reason)
        case .joined, .leaving(during: .joined): .sync(self.identity)
        default: nil
        }
    }

    /// The step that the reader has to perform, if any.
    var step: RebalanceStep? { self.owned.step }

    /// Whether the reader has to ask for records within the maximum poll interval.
    var isPollIntervalRunning: Bool {
        switch self.state {
        case .assigning, .revoking, .stable: true
        case .unjoined, .joining, .joined, .syncing: !self.owned.isEmpty
        case .idle, .losing, .suspended, .leaving, .failed: false
        }
    }

    /// Whether commits of this generation can succeed.
    var isMember: Bool { self.identity.generation >= 0 }

    /// The identity of commits by this member in its generation.
    var committer: CommitIdentity {
        CommitIdentity(
            group: self.terms.group, memberID: self.identity.memberID, epoch: self.identity.generation,
            instanceID: self.terms.instanceID, tenure: self.owned.tenure)
    }

    /// Whether the coordinator accepts commits now.
    var isSettled: Bool {
        switch self.state {
        case .idle, .stable: true
        // The generation goes on until all members have joined.
        case .unjoined, .joining: !self.owned.isEmpty
        default: false
        }
    }

    /// Whether the member joins again only after the reader has asked.
    var waitsForReader: Bool {
        switch self.state {
        case .suspended, .failed, .losing(then: .suspend): true
        default: false
        }
    }

    /// Whether the partitions of the group's topics, or their racks, have changed since this member, as the leader,
    /// last distributed them.
    func isOutOfDate(_ metadata: ClusterMetadata) -> Bool {
        self.distributed.contains { $1?.isOutOfDate($0, in: metadata) == true }
    }

    // MARK: What the consumer does

    /// Begins a rebalance because the topics or their partitions have changed. Does nothing without a subscription.
    mutating func topicsChanged(because reason: String) {
        switch self.state {
        // After a failure, the reader has to ask first.
        case .idle, .failed: break
        default: self.rebalance(because: reason)
        }
    }

    /// Begins a rebalance because the subscription has changed, or joins the group for the first time.
    mutating func subscribed(to topics: Set<String>?, because reason: String) {
        self.subscribed = topics
        self.rebalance(because: reason)
    }

    /// Begins a rebalance.
    mutating func rebalance(because reason: String) {
        switch self.state {
        case .unjoined, .revoking(then: .join), .losing, .suspended, .leaving: return
        case .idle, .failed:
            if case .failed = self.state { self.otherProtocol.reset() }
            self.failure = nil
            self.state = .unjoined
        case .stable: self.beginRebalance()
        case .revoking(then: .assign): self.state = .revoking(then: .join)
        case .joining: self.state = .joining(isOutOfDate: true)
        case .joined: self.state = .joined(isOutOfDate: true)
        case .syncing: self.state = .syncing(isOutOfDate: true)
        case .assigning:
            // If the listener doesn't know of the partitions, there is nothing to revoke and no need to wait for the reader.
            if self.owned.withdraw() { self.beginRebalance() } else { self.state = .assigning(isOutOfDate: true) }
        }
        self.reason = reason
    }

    /// Rejoins, after the reader has given up the partitions that the member doesn't keep meanwhile.
    private mutating func beginRebalance() {
        let revoked = self.owned.all.filter { partition in
            !self.terms.isCooperative || !(self.subscribed?.contains(partition.topic) ?? true)
        }
        self.revoke(revoked, then: .join)
    }

    mutating func revoke(_ partitions: [TopicPartition], then sequel: AfterRevoking) {
        self.state = .revoking(then: sequel)
        if partitions.isEmpty { self.haveRevoked(then: sequel) } else { self.owned.offer(.revoke(partitions)) }
    }

    private mutating func haveRevoked(then sequel: AfterRevoking) {
        switch sequel {
        case .join: self.state = .unjoined
        case .assign(let added):
            self.owned.offer(.assign(added))
            self.state = .assigning(isOutOfDate: true)
        }
    }

    /// Completes the step in progress.
    mutating func stepEnded() {
        guard self.owned.ended() else { return }
        switch self.state {
        case .revoking(let sequel): self.haveRevoked(then: sequel)
        case .assigning(isOutOfDate: false): self.state = .stable
        case .assigning(isOutOfDate: true): self.beginRebalance()
        case .losing(let sequel): if self.owned.step == nil { self.goOnWithout(then: sequel) }
        default: break
        }
    }

    /// Continues without partitions, after the listener has been notified.
    private mutating func goOnWithout(then sequel: AfterLoss) {
        switch sequel {
        case .join: self.state = .unjoined
        case .suspend: self.state = .suspended
        case .fail: self.state = .failed(isTold: false)
        }
    }

    /// Gives up the membership, because the group continues without this member.
    mutating func loseMembership(keepsMemberID: Bool, then sequel: AfterLoss = .join) {
        self.identity = Identity(memberID: keepsMemberID ? self.identity.memberID : "", generation: -1)
        switch self.state {
        case .idle, .losing, .suspended, .leaving, .failed: return
        // JoinGroup will fail with the same error.
        case .joining where self.owned.isEmpty: return
        case .unjoined, .joining, .joined, .syncing, .assigning, .stable, .revoking: break
        }
        self.owned.lose()
        self.state = .losing(then: sequel)
        if self.owned.step == nil { self.goOnWithout(then: sequel) }
    }

    /// Notes that the reader asks for records, and returns whether the group is rejoined because of that.
    mutating func readerAsked() -> Bool {
        switch self.state {
        case .suspended: break
        // After it was fenced, the member doesn't rejoin: two members with one instance id would fence each other
        // endlessly.
        case .failed(isTold: true) where self.failure?.brokerCode != .fencedInstanceId:
            self.failure = nil
            self.otherProtocol.reset()
        // The reader has already asked, so the member rejoins when the step ends.
        case .losing(then: .suspend):
            self.state = .losing(then: .join)
            return false
        default:
            return false
        }
        self.reason = "the consumer reads again"
        self.state = .unjoined
        return true
    }

    /// Returns the error that prevents the member from joining, for the reader. When the reader asks again, the member
    /// tries again.
    mutating func takeFailure() -> KafkaError? {
        guard case .failed = self.state else { return nil }
        self.state = .failed(isTold: true)
        return self.failure
    }

    /// Suspends the membership, because the reader hasn't asked for records within the maximum poll interval. Returns
    /// the LeaveGroup to send, if any.
    mutating func pollIntervalExpired() -> LeaveNotice? {
        guard self.isPollIntervalRunning else { return nil }
        let leaveNotice = self.leaveNotice(
            reason: "the consumer has not asked for records within the maximum poll interval")
        self.loseMembership(keepsMemberID: false, then: .suspend)
        return leaveNotice
    }

    /// Begins to leave the group. Returns the step in which the reader has to give up the partitions first, if any.
    mutating func prepareToLeave() -> RebalanceStep? {
        if case .leaving = self.state { return nil }
        let rebalance: Rebalance? =
            switch self.state {
            case .joining: .joining
            case .joined: .joined
            case .syncing: .syncing
            default: nil
            }
        self.state = .leaving(during: self.owned.isEmpty ? nil : rebalance)
        return self.owned.takeLastStep()
    }

    /// Leaves the group after all partitions are given up. Returns the LeaveGroup to send, if any.
    mutating func leave(reason: String, _ operation: GroupMembershipOperation = .default) -> LeaveNotice? {
        let leaveNotice = self.leaveNotice(of: self.identity.memberID, reason: reason, operation)
        let former = self.owned
        self = ClassicMembershipStateMachine(self.terms, otherProtocol: self.otherProtocol)
        self.otherProtocol.reset()
        self.owned = OwnedPartitions(after: former)
        return leaveNotice
    }

    /// The LeaveGroup to send after the group couldn't be joined, so that no other member waits for this one.
    var leaveNoticeOfFailure: LeaveNotice? {
        if case .failed = self.state { self.leaveNotice(reason: "the member can't take part") } else { nil }
    }

    /// The LeaveGroup to send before the member joins by the other protocol.
    var leaveNoticeOfRefusal: LeaveNotice? {
        self.leaveNotice(reason: "the member joins by another protocol")
    }

    /// Notes that the coordinator has removed the member.
    mutating func left(_ leaveNotice: LeaveNotice) {
        if case .failed = self.state, self.identity.memberID == leaveNotice.memberID {
            self.identity = Identity()
        }
    }

    /// Who has to be told that a member id came too late to be taken, if anybody.
    func leaveNoticeIfUnwanted(_ memberID: String) -> LeaveNotice? {
        guard self.identity.memberID != memberID else { return nil }
        return self.leaveNotice(of: memberID, reason: "the member has left before the group answered")
    }

    private func leaveNotice(reason: String) -> LeaveNotice? {
        self.leaveNotice(of: self.identity.memberID, reason: reason)
    }

    private func leaveNotice(
        of memberID: String, reason: String, _ operation: GroupMembershipOperation = .default
    ) -> LeaveNotice? {
        let isLeaving =
            switch operation {
            case .default: self.terms.instanceID == nil
            case .leaveGroup: true
            case .remainInGroup: false
            }
        guard isLeaving, !memberID.isEmpty else { return nil }
        return LeaveNotice(memberID: memberID, reason: reason, request: .leaveGroup)
    }
}
