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
/// All partitions are given up before each rebalance (the *eager* protocol). The machine is asked what to send
/// (`nextRequest`, `heartbeat`) and what the reader has to do (`step`), and is told what became of it.
struct ClassicMembershipStateMachine: Sendable {
    /// Who this member is to the coordinator.
    struct Identity: Hashable, Sendable {
        /// Empty until the coordinator has given one.
        var memberID = ""
        /// -1 outside of a generation.
        var generation: Int32 = -1
    }

    /// A step of the reader is offered (`must…`), then in progress. It is in vain if the group removes this member meanwhile.
    enum State: Hashable, Sendable {
        /// Not subscribed, or not yet.
        case idle
        /// JoinGroup is to be sent.
        case unjoined
        /// JoinGroup is in flight. If it is out of date, because the subscription has changed since, another rebalance follows.
        case joining(isOutOfDate: Bool)
        /// SyncGroup is to be sent.
        case joined(isOutOfDate: Bool)
        /// SyncGroup is in flight: the coordinator waits for the leader, and wants no heartbeats.
        case syncing(isOutOfDate: Bool)
        /// The reader has to take the new assignment.
        case mustAssign
        case assigning(isOutOfDate: Bool)
        case assigningInVain(then: Sequel)
        /// All is done until something changes.
        case stable
        /// The reader has to give everything up before this member joins. Still a member meanwhile.
        case mustRevoke
        case revoking
        case revokingInVain(then: Sequel)
        /// The reader has to hear that everything is lost.
        case mustLose(then: Sequel)
        case losing(then: Sequel)
        /// The reader asked for nothing for too long, so the group was left; it is joined again when the reader asks.
        case suspended
        /// LeaveGroup has been prepared: the last partitions are being given up.
        case leaving
        /// The group can't be joined, and `failure` says why. The coordinator may still know the member.
        case failed(isTold: Bool)
    }

    /// What follows when the reader has heard that all partitions are lost.
    enum Sequel: Hashable, Sendable {
        case join
        /// Wait for the reader to ask.
        case suspend
        case fail
    }

    /// What is to be sent now.
    enum Request: Hashable, Sendable {
        case join(Identity, reason: String)
        case sync(Identity)
    }

    /// What a member has agreed on with its group, and keeps for life.
    struct Terms: Hashable, Sendable {
        var group: String
        /// The name of a static member, which may return under it and therefore doesn't tell the group when it leaves (KIP-345).
        var instanceID: String?
        var heartbeatInterval: Duration
        /// The coordinator gives the member up when it has not heard of it for so long.
        var sessionTimeout: Duration
    }

    var state = State.idle
    var identity = Identity()
    /// What this member holds, or is about to let go.
    var owned: [TopicPartition] = []
    /// Why the group can't be joined.
    var failure: KafkaError?

    let terms: Terms
    var reason = "the consumer starts"
    var nextHeartbeat: MonotonicTime?
    /// When the coordinator gives this member up, if it hears nothing more.
    var sessionEnd: MonotonicTime?
    /// JoinGroup and SyncGroup that failed, in a row: since there was an assignment.
    var failures = 0
    /// The partitions of each topic of the group when this member, its leader, last distributed them; nil while they are
    /// counted.
    var distributed: [String: Int?] = [:]

    init(_ terms: Terms) {
        self.terms = terms
    }

    // MARK: Questions

    /// The request that is due, if one is. It is to be followed by `requestSent`.
    var nextRequest: Request? {
        switch self.state {
        case .unjoined: .join(self.identity, reason: self.reason)
        case .joined: .sync(self.identity)
        default: nil
        }
    }

    /// What the reader has to do, if anything.
    var step: RebalanceStep? {
        switch self.state {
        case .mustRevoke, .revoking, .revokingInVain: .revoke(self.owned)
        case .mustAssign, .assigning, .assigningInVain: .assign(self.owned)
        case .mustLose, .losing: .lost(self.owned)
        case .idle, .unjoined, .joining, .joined, .syncing, .stable, .suspended, .leaving, .failed: nil
        }
    }

    /// Whether the reader is expected to ask for records in time.
    var isPollIntervalRunning: Bool {
        switch self.state {
        case .mustRevoke, .revoking, .mustAssign, .assigning, .stable: true
        default: false
        }
    }

    /// Whether the partitions are gone, and the reader is yet to hear of it.
    var isLosing: Bool {
        switch self.state {
        case .mustLose, .losing: true
        default: false
        }
    }

    /// Whether commits of this generation can succeed.
    var isMember: Bool { self.identity.generation >= 0 }

    /// This member in its generation.
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

    /// As the group's leader: whether partitions were added to the group's topics since they were last distributed.
    func isOutOfDate(_ metadata: ClusterMetadata) -> Bool {
        self.distributed.contains { topic, count in
            // A topic that no broker knows for a moment has not lost its partitions.
            guard let count, let known = metadata.topics[topic], !known.partitions.isEmpty else { return false }
            return known.partitions.count != count
        }
    }

    // MARK: What the consumer does

    /// The topics or their partitions are not what they were. Does nothing without a subscription.
    mutating func topicsChanged(because reason: String) {
        if self.state != .idle { self.rebalance(because: reason) }
    }

    /// What is subscribed to has changed, or it is time to begin.
    mutating func rebalance(because reason: String) {
        switch self.state {
        case .revoking, .revokingInVain, .mustRevoke, .mustLose, .losing, .unjoined, .suspended, .leaving: return
        case .idle, .failed:
            self.failure = nil
            self.state = .unjoined
        case .stable: self.beginRebalance()
        case .mustAssign:
            // The listener has not heard of the partitions: there is nothing to take back, and the reader need not be waited for.
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

    /// The reader begins with the step.
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

    /// Whether the reader is still wanted to do the step that it began: the group may have been left since.
    func isAtWork(on step: RebalanceStep) -> Bool {
        switch self.state {
        case .revoking, .revokingInVain, .assigning, .assigningInVain, .losing: self.step == step
        default: false
        }
    }

    /// The reader has done the step that it began.
    mutating func stepEnded() {
        switch self.state {
        case .revoking: self.goOnWithout(then: .join)
        // The listener knows that the partitions go. That they had gone before it was done is nothing to tell it again.
        case .revokingInVain(let sequel), .losing(let sequel): self.goOnWithout(then: sequel)
        case .assigningInVain(let sequel): self.state = .mustLose(then: sequel)
        case .assigning(isOutOfDate: false): self.state = .stable
        case .assigning(isOutOfDate: true): self.beginRebalance()
        default: break
        }
    }

    /// Nothing is held any more, and the listener knows.
    private mutating func goOnWithout(then sequel: Sequel) {
        self.owned = []
        switch sequel {
        case .join: self.state = .unjoined
        case .suspend: self.state = .suspended
        case .fail: self.state = .failed(isTold: false)
        }
    }

    /// The group goes on without this member.
    mutating func loseMembership(keepsMemberID: Bool, then sequel: Sequel = .join) {
        self.identity = Identity(memberID: keepsMemberID ? self.identity.memberID : "", generation: -1)
        switch self.state {
        // The callback runs to its end.
        case .revoking: self.state = .revokingInVain(then: sequel)
        case .assigning: self.state = .assigningInVain(then: sequel)
        case .stable where !self.owned.isEmpty, .mustRevoke: self.state = .mustLose(then: sequel)
        case .mustAssign, .stable, .joined, .syncing, .unjoined: self.goOnWithout(then: sequel)
        // JoinGroup hears the same.
        case .joining: break
        case .idle, .revokingInVain, .assigningInVain, .mustLose, .losing, .suspended, .leaving, .failed: break
        }
    }

    /// The reader asks for the next records. Whether the group is joined again because of that.
    mutating func readerAsked() -> Bool {
        switch self.state {
        case .suspended: break
        // Who has another's instance id would take it from that one, again and again.
        case .failed(isTold: true) where self.failure?.brokerCode != .fencedInstanceId: self.failure = nil
        // It need not be waited for.
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

    /// Why the group can't be joined, for the reader. When it asks again after that, joining is tried again.
    mutating func takeFailure() -> KafkaError? {
        guard case .failed = self.state else { return nil }
        self.state = .failed(isTold: true)
        return self.failure
    }

    /// The reader asked for nothing during the maximum poll interval. Who is to be told, if anybody.
    mutating func pollIntervalExpired() -> Farewell? {
        guard self.isPollIntervalRunning else { return nil }
        let farewell = self.farewell(reason: "the consumer has not asked for records within the maximum poll interval")
        self.loseMembership(keepsMemberID: false, then: .suspend)
        return farewell
    }

    /// The consumer unsubscribes or closes. What the reader has to give up first, and how.
    mutating func prepareToLeave() -> RebalanceStep? {
        defer { self.state = .leaving }
        switch self.state {
        case .assigningInVain, .mustLose: return .lost(self.owned)
        case .mustRevoke, .assigning, .stable: return self.owned.isEmpty ? nil : .revoke(self.owned)
        // The listener is being told just now; or it has not been told of them, so they needn't be taken from it.
        case .revoking, .revokingInVain, .losing, .mustAssign: return nil
        case .idle, .unjoined, .joining, .joined, .syncing, .suspended, .leaving, .failed: return nil
        }
    }

    /// Everything is given up. Who is to be told, if anybody.
    mutating func leave(reason: String) -> Farewell? {
        let farewell = self.farewell(reason: reason)
        self = ClassicMembershipStateMachine(self.terms)
        return farewell
    }

    /// Who has to be told that the member does not come back as it is, so that nobody waits for it: the group can't be joined.
    var farewellOfFailure: Farewell? {
        if case .failed = self.state { self.farewell(reason: "the member can't take part") } else { nil }
    }

    /// The coordinator has let the member go.
    mutating func left(_ farewell: Farewell) {
        if case .failed = self.state, self.identity.memberID == farewell.memberID {
            self.identity = Identity()
        }
    }

    /// Who has to be told that a member id came too late to be taken, if anybody.
    func farewellIfUnwanted(_ memberID: String) -> Farewell? {
        guard self.identity.memberID != memberID else { return nil }
        return self.farewell(of: memberID, reason: "the member has left before the group answered")
    }

    private func farewell(reason: String) -> Farewell? { self.farewell(of: self.identity.memberID, reason: reason) }

    private func farewell(of memberID: String, reason: String) -> Farewell? {
        guard self.terms.instanceID == nil, !memberID.isEmpty else { return nil }
        return Farewell(memberID: memberID, reason: reason)
    }
}
