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
/// All partitions are revoked before each rebalance (the *eager* protocol). The machine says what to send
/// (`nextRequest`, `heartbeat`) and what the reader has to do (`step`), and is notified of the results.
struct ClassicMembershipStateMachine: Sendable {
    /// The member's identity at the coordinator.
    struct Identity: Hashable, Sendable {
        /// Empty until the coordinator has assigned one.
        var memberID = ""
        /// -1 outside of a generation.
        var generation: Int32 = -1
    }

    /// The state of the membership. A step is first offered to the reader (`must…`) and then in progress. A step
    /// becomes useless (`…InVain`) if the group removes the member while it is in progress.
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
        /// The reader has to take the new assignment.
        case mustAssign
        case assigning(isOutOfDate: Bool)
        case assigningInVain(then: Sequel)
        /// The assignment is complete, and no rebalance is in progress.
        case stable
        /// The reader has to give up all partitions before the member rejoins. It is still a member meanwhile.
        case mustRevoke
        case revoking
        case revokingInVain(then: Sequel)
        /// The reader has to report to the listener that all partitions are lost.
        case mustLose(then: Sequel)
        case losing(then: Sequel)
        /// The member has left because the poll interval expired. It rejoins when the reader asks for records.
        case suspended
        /// The consumer is leaving, and the last partitions are being given up.
        case leaving
        /// The group can't be joined; `failure` says why. The coordinator may still know the member.
        case failed(isTold: Bool)
    }

    /// What follows after the listener has been notified of the loss of all partitions.
    enum Sequel: Hashable, Sendable {
        case join
        /// Wait until the reader asks for records.
        case suspend
        case fail
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
    }

    var state = State.idle
    var identity = Identity()
    /// The partitions that this member owns or is about to give up.
    var owned: [TopicPartition] = []
    /// The error that prevents the member from joining.
    var failure: KafkaError?

    let terms: Terms
    var reason = "the consumer starts"
    var nextHeartbeat: MonotonicTime?
    /// The time at which the coordinator removes this member if it receives no further heartbeat.
    var sessionEnd: MonotonicTime?
    /// The number of JoinGroup and SyncGroup requests that failed since the last assignment.
    var failures = 0
    /// The group's topics when this member, as the leader, last distributed their partitions; nil while they are being
    /// looked up.
    var distributed: [String: AssignableTopic?] = [:]

    init(_ terms: Terms) {
        self.terms = terms
    }

    // MARK: Questions

    /// The request that is due, if any. Its sender calls `requestSent`.
    var nextRequest: Request? {
        switch self.state {
        case .unjoined: .join(self.identity, reason: self.reason)
        case .joined: .sync(self.identity)
        default: nil
        }
    }

    /// The step that the reader has to perform, if any.
    var step: RebalanceStep? {
        switch self.state {
        case .mustRevoke, .revoking, .revokingInVain: .revoke(self.owned)
        case .mustAssign, .assigning, .assigningInVain: .assign(self.owned)
        case .mustLose, .losing: .lost(self.owned)
        case .idle, .unjoined, .joining, .joined, .syncing, .stable, .suspended, .leaving, .failed: nil
        }
    }

    /// Whether the reader has to ask for records within the maximum poll interval.
    var isPollIntervalRunning: Bool {
        switch self.state {
        case .mustRevoke, .revoking, .mustAssign, .assigning, .stable: true
        default: false
        }
    }

    /// Whether the partitions are lost and the listener hasn't finished `partitionsLost` yet.
    var isLosing: Bool {
        switch self.state {
        case .mustLose, .losing: true
        default: false
        }
    }

    /// Whether commits of this generation can succeed.
    var isMember: Bool { self.identity.generation >= 0 }

    /// The identity of commits by this member in its generation.
    var committer: CommitIdentity {
        CommitIdentity(
            group: self.terms.group, memberID: self.identity.memberID, epoch: self.identity.generation,
            instanceID: self.terms.instanceID)
    }

    /// Whether the member joins again only after the reader has asked.
    var waitsForReader: Bool {
        switch self.state {
        case .suspended, .failed: true
        case .mustLose(then: .suspend), .losing(then: .suspend): true
        case .assigningInVain(then: .suspend), .revokingInVain(then: .suspend): true
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
        if self.state != .idle { self.rebalance(because: reason) }
    }

    /// Begins a rebalance because the subscription has changed, or joins the group for the first time.
    mutating func rebalance(because reason: String) {
        switch self.state {
        case .revoking, .revokingInVain, .mustRevoke, .mustLose, .losing, .unjoined, .suspended, .leaving: return
        case .idle, .failed:
            self.failure = nil
            self.state = .unjoined
        case .stable: self.beginRebalance()
        case .mustAssign:
            // The listener doesn't know of the partitions, so there is nothing to revoke and no need to wait for the
            // reader.
            self.owned = []
            self.state = .unjoined
        case .joining: self.state = .joining(isOutOfDate: true)
        case .joined: self.state = .joined(isOutOfDate: true)
        case .syncing: self.state = .syncing(isOutOfDate: true)
        case .assigning: self.state = .assigning(isOutOfDate: true)
        case .assigningInVain: break
        }
        self.reason = reason
    }

    private mutating func beginRebalance() {
        self.state = self.owned.isEmpty ? .unjoined : .mustRevoke
    }

    /// Marks the offered step as in progress, and returns it. Returns nil if no step is offered.
    mutating func stepBegan() -> RebalanceStep? {
        let step = self.step
        switch self.state {
        case .mustRevoke: self.state = .revoking
        case .mustAssign: self.state = .assigning(isOutOfDate: false)
        case .mustLose(let sequel): self.state = .losing(then: sequel)
        default: return nil
        }
        return step
    }

    /// Whether the step that the reader began is still in progress. The consumer may have left the group since.
    func isAtWork(on step: RebalanceStep) -> Bool {
        switch self.state {
        case .revoking, .revokingInVain, .assigning, .assigningInVain, .losing: self.step == step
        default: false
        }
    }

    /// Completes the step in progress.
    mutating func stepEnded() {
        switch self.state {
        case .revoking: self.goOnWithout(then: .join)
        // `partitionsRevoked` or `partitionsLost` has been called for the partitions. If they were lost during
        // `partitionsRevoked`, the listener isn't notified again.
        case .revokingInVain(let sequel), .losing(let sequel): self.goOnWithout(then: sequel)
        case .assigningInVain(let sequel): self.state = .mustLose(then: sequel)
        case .assigning(isOutOfDate: false): self.state = .stable
        case .assigning(isOutOfDate: true): self.beginRebalance()
        default: break
        }
    }

    /// Continues without partitions, after the listener has been notified.
    private mutating func goOnWithout(then sequel: Sequel) {
        self.owned = []
        switch sequel {
        case .join: self.state = .unjoined
        case .suspend: self.state = .suspended
        case .fail: self.state = .failed(isTold: false)
        }
    }

    /// Gives up the membership, because the group continues without this member.
    mutating func loseMembership(keepsMemberID: Bool, then sequel: Sequel = .join) {
        self.identity = Identity(memberID: keepsMemberID ? self.identity.memberID : "", generation: -1)
        switch self.state {
        // The callback runs to its end.
        case .revoking: self.state = .revokingInVain(then: sequel)
        case .assigning: self.state = .assigningInVain(then: sequel)
        case .stable where !self.owned.isEmpty, .mustRevoke: self.state = .mustLose(then: sequel)
        case .mustAssign, .stable, .joined, .syncing, .unjoined: self.goOnWithout(then: sequel)
        // JoinGroup will fail with the same error.
        case .joining: break
        case .idle, .revokingInVain, .assigningInVain, .mustLose, .losing, .suspended, .leaving, .failed: break
        }
    }

    /// Notes that the reader asks for records, and returns whether the group is rejoined because of that.
    mutating func readerAsked() -> Bool {
        switch self.state {
        case .suspended: break
        // After it was fenced, the member doesn't rejoin: two members with one instance id would fence each other
        // endlessly.
        case .failed(isTold: true) where self.failure?.brokerCode != .fencedInstanceId: self.failure = nil
        // The reader has already asked, so the member rejoins when the step ends.
        case .mustLose(then: .suspend):
            self.state = .mustLose(then: .join)
            return false
        case .losing(then: .suspend):
            self.state = .losing(then: .join)
            return false
        case .assigningInVain(then: .suspend):
            self.state = .assigningInVain(then: .join)
            return false
        case .revokingInVain(then: .suspend):
            self.state = .revokingInVain(then: .join)
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
        defer { self.state = .leaving }
        switch self.state {
        case .assigningInVain, .mustLose: return .lost(self.owned)
        case .mustRevoke, .assigning, .stable: return self.owned.isEmpty ? nil : .revoke(self.owned)
        // A callback for these partitions is running, or the listener doesn't know of them, so there is nothing to
        // revoke.
        case .revoking, .revokingInVain, .losing, .mustAssign: return nil
        case .idle, .unjoined, .joining, .joined, .syncing, .suspended, .leaving, .failed: return nil
        }
    }

    /// Leaves the group after all partitions are given up. Returns the LeaveGroup to send, if any.
    mutating func leave(reason: String) -> LeaveNotice? {
        let leaveNotice = self.leaveNotice(reason: reason)
        self = ClassicMembershipStateMachine(self.terms)
        return leaveNotice
    }

    /// The LeaveGroup to send after the group couldn't be joined, so that no other member waits for this one.
    var leaveNoticeOfFailure: LeaveNotice? {
        if case .failed = self.state { self.leaveNotice(reason: "the member can't take part") } else { nil }
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

    private func leaveNotice(of memberID: String, reason: String) -> LeaveNotice? {
        guard self.terms.instanceID == nil, !memberID.isEmpty else { return nil }
        return LeaveNotice(memberID: memberID, reason: reason)
    }
}
