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

    enum State: Hashable, Sendable {
        /// Not subscribed, or not yet.
        case idle
        /// The reader has to give everything up before this member joins. Still a member meanwhile.
        case revoking
        /// The reader has to hear that everything is lost.
        case losing
        /// JoinGroup is to be sent.
        case unjoined
        /// JoinGroup is in flight.
        case joining
        /// SyncGroup is to be sent, or in flight: then the coordinator waits for the leader, and wants no heartbeats.
        case syncing(isSent: Bool)
        /// The reader has to take the new assignment.
        case assigning
        /// All is done until something changes.
        case stable
        /// The reader asked for nothing for too long, so the group was left; it is joined again when the reader asks.
        case suspended
        /// LeaveGroup has been prepared: the last partitions are being given up.
        case leaving
        /// The group can't be joined. The coordinator may still know the member.
        case failed
    }

    /// What is to be sent now.
    enum Request: Hashable, Sendable {
        case join(Identity, reason: String)
        case sync(Identity)
    }

    /// How far the reader is with its step.
    enum Progress: Hashable, Sendable {
        case offered
        case begun
        /// Begun, and the group has gone on without this member since.
        case inVain
    }

    /// What a member has agreed on with its group, and keeps for life.
    struct Terms: Hashable, Sendable {
        var group: String
        /// The name under which a static member may come back; it goes without a word (KIP-345).
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
    var failure: KafkaError? { didSet { self.isFailureTold = false } }
    /// The reader has heard of it.
    private var isFailureTold = false

    let terms: Terms
    /// Something changed during a rebalance: another one has to follow.
    var mustRejoin = false
    var progress = Progress.offered
    /// After losing: wait for the reader.
    private var suspendsAfterLosing = false
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
        case .syncing(isSent: false): .sync(self.identity)
        default: nil
        }
    }

    /// What the reader has to do, if anything.
    var step: RebalanceStep? {
        switch self.state {
        case .revoking: .revoke(self.owned)
        case .assigning: .assign(self.owned)
        case .losing: .lost(self.owned)
        default: nil
        }
    }

    /// Whether the reader is expected to ask for records in time.
    var isPollIntervalRunning: Bool {
        switch self.state {
        case .revoking, .assigning, .stable: self.progress != .inVain
        default: false
        }
    }

    /// Whether the partitions are gone, and the reader is yet to hear of it.
    var isLosing: Bool { self.state == .losing }

    /// Whether commits of this generation can succeed.
    var isMember: Bool { self.identity.generation >= 0 }

    /// Who commits: this member in its generation.
    var committer: CommitIdentity {
        CommitIdentity(
            group: self.terms.group, memberID: self.identity.memberID, epoch: self.identity.generation,
            instanceID: self.terms.instanceID)
    }

    /// Whether it goes on only when the reader asks.
    var waitsForReader: Bool { self.state == .suspended || self.state == .failed || self.suspendsAfterLosing }

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
        case .idle, .failed:
            self.failure = nil
            self.reason = reason
            self.state = .unjoined
        case .stable:
            self.reason = reason
            self.beginRebalance()
        case .assigning where self.progress == .offered:
            // The listener has not heard of the partitions: there is nothing to take back, and the reader need not be waited for.
            self.reason = reason
            self.owned = []
            self.state = .unjoined
        case .joining, .syncing, .assigning:
            self.reason = reason
            self.mustRejoin = true
        case .revoking, .losing, .unjoined, .suspended, .leaving:
            break
        }
    }

    private mutating func beginRebalance() {
        self.mustRejoin = false
        self.progress = .offered
        self.state = self.owned.isEmpty ? .unjoined : .revoking
    }

    /// The reader begins with the step.
    mutating func stepBegan() -> RebalanceStep? {
        guard let step = self.step, self.progress == .offered else { return nil }
        self.progress = .begun
        return step
    }

    /// Whether the reader is still wanted to do the step that it began: the group may have been left since.
    func isAtWork(on step: RebalanceStep) -> Bool { self.progress != .offered && self.step == step }

    /// The reader has done the step that it began.
    mutating func stepEnded() {
        guard self.progress != .offered else { return }
        let isInVain = self.progress == .inVain
        self.progress = .offered
        switch self.state {
        // The listener knows that the partitions go. That they had gone before it was done is nothing to tell it again.
        case .revoking, .losing:
            self.goOnWithout()
        case .assigning where isInVain:
            self.state = .losing
        case .assigning:
            self.state = .stable
            if self.mustRejoin { self.beginRebalance() }
        case .idle, .unjoined, .joining, .syncing, .stable, .suspended, .leaving, .failed:
            break
        }
    }

    /// Nothing is held any more, and the listener knows.
    private mutating func goOnWithout() {
        self.owned = []
        self.progress = .offered
        self.state = self.failure != nil ? .failed : self.suspendsAfterLosing ? .suspended : .unjoined
        self.suspendsAfterLosing = false
    }

    /// The group goes on without this member.
    mutating func loseMembership(keepsMemberID: Bool) {
        self.identity = Identity(memberID: keepsMemberID ? self.identity.memberID : "", generation: -1)
        self.mustRejoin = false
        switch self.state {
        case .revoking where self.progress != .offered, .assigning where self.progress != .offered:
            // The callback runs to its end.
            self.progress = .inVain
        case .stable where !self.owned.isEmpty, .revoking:
            self.state = .losing
        case .assigning, .stable, .syncing, .unjoined:
            self.goOnWithout()
        case .idle, .losing, .joining, .suspended, .leaving, .failed:
            break
        }
    }

    /// The reader asks for the next records. Whether the group is joined again because of that.
    mutating func readerAsked() -> Bool {
        self.suspendsAfterLosing = false
        switch self.state {
        case .suspended:
            break
        // Who has another's instance id would take it from that one, again and again.
        case .failed where self.isFailureTold && self.failure?.brokerCode != .fencedInstanceId:
            self.failure = nil
        default:
            return false
        }
        self.reason = "the consumer reads again"
        self.state = .unjoined
        return true
    }

    /// Why the group can't be joined, for the reader. When it asks again after that, joining is tried again.
    mutating func takeFailure() -> KafkaError? {
        guard self.state == .failed else { return nil }
        self.isFailureTold = true
        return self.failure
    }

    /// The reader asked for nothing during the maximum poll interval. Who is to be told, if anybody.
    mutating func pollIntervalExpired() -> Farewell? {
        guard self.isPollIntervalRunning else { return nil }
        let farewell = self.farewell(reason: "the consumer has not asked for records within the maximum poll interval")
        self.suspendsAfterLosing = true
        self.loseMembership(keepsMemberID: false)
        return farewell
    }

    /// The consumer unsubscribes or closes. What the reader has to give up first, and how.
    mutating func prepareToLeave() -> RebalanceStep? {
        defer {
            self.state = .leaving
            self.progress = .offered
        }
        switch self.state {
        // The listener is being told just now.
        case .revoking where self.progress != .offered, .losing where self.progress != .offered:
            return nil
        case .assigning where self.progress == .inVain, .losing: return .lost(self.owned)
        // What was not told to the listener yet needn't be taken from it.
        case .assigning where self.progress == .offered: return nil
        case .revoking, .assigning, .stable: return self.owned.isEmpty ? nil : .revoke(self.owned)
        case .idle, .unjoined, .joining, .syncing, .suspended, .leaving, .failed: return nil
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
        self.state == .failed ? self.farewell(reason: "the member can't take part") : nil
    }

    /// The coordinator has let the member go.
    mutating func left(_ farewell: Farewell) {
        if self.state == .failed, self.identity.memberID == farewell.memberID {
            self.identity = Identity()
        }
    }

    private func farewell(reason: String) -> Farewell? {
        guard self.terms.instanceID == nil, !self.identity.memberID.isEmpty else { return nil }
        return Farewell(memberID: self.identity.memberID, reason: reason)
    }
}
