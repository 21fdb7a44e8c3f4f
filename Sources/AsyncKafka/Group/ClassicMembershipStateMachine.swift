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
        /// The reader has to give everything up before this member joins. Still a member meanwhile, unless `isGone`.
        case revoking
        /// The reader has to hear that everything is lost.
        case losing
        /// JoinGroup is to be sent.
        case unjoined
        /// JoinGroup is in flight.
        case joining
        /// SyncGroup is to be sent, or in flight.
        case syncing
        /// The reader has to take the new assignment.
        case assigning
        /// All is done until something changes.
        case stable
        /// The reader asked for nothing for too long, so the group was left; it is joined again when the reader asks.
        case suspended
        /// LeaveGroup has been prepared: the last partitions are being given up.
        case leaving
        /// The group can't be joined.
        case failed
    }

    /// What is to be sent now.
    enum Request: Hashable, Sendable {
        case join(Identity, reason: String)
        case sync(Identity)
    }

    /// Who has to be told that this member goes. Static members go without a word (KIP-345).
    struct Farewell: Hashable, Sendable {
        var memberID: String
        var reason: String
    }

    private(set) var state = State.idle
    private(set) var identity = Identity()
    /// What this member holds, or is about to let go.
    private(set) var owned: [TopicPartition] = []
    /// Why the group can't be joined.
    private(set) var failure: KafkaError? { didSet { self.isFailureTold = false } }
    /// The reader has heard of it.
    private var isFailureTold = false

    private let isStatic: Bool
    private let heartbeatInterval: Duration
    /// Something changed during a rebalance: another one has to follow.
    private var mustRejoin = false
    /// The reader is at work on the step.
    private var isStepBegun = false
    /// While the reader is at work on the step: the group has gone on without this member.
    private var isGone = false
    /// After losing: wait for the reader.
    private var suspendsAfterLosing = false
    private var reason = "the consumer starts"
    private var nextHeartbeat: MonotonicTime?

    init(isStatic: Bool, heartbeatInterval: Duration) {
        self.isStatic = isStatic
        self.heartbeatInterval = heartbeatInterval
    }

    // MARK: Questions

    /// The request that is due, if one is. It is to be followed by `requestSent`.
    var nextRequest: Request? {
        switch self.state {
        case .unjoined: .join(self.identity, reason: self.reason)
        case .syncing: .sync(self.identity)
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
        case .revoking, .assigning, .stable: !self.isGone
        default: false
        }
    }

    /// Whether commits of this generation can succeed.
    var isMember: Bool { self.identity.generation >= 0 }

    // MARK: What the consumer does

    /// The topics subscribed to, or their partitions, have changed; or it is time to begin.
    mutating func rebalance(because reason: String) {
        switch self.state {
        case .idle, .failed:
            self.failure = nil
            self.reason = reason
            self.state = .unjoined
        case .stable:
            self.reason = reason
            self.beginRebalance()
        case .assigning where !self.isStepBegun:
            self.reason = reason
            self.dropAssignment()
        case .joining, .syncing, .assigning:
            self.reason = reason
            self.mustRejoin = true
        case .revoking, .losing, .unjoined, .suspended, .leaving:
            break
        }
    }

    /// The listener has not heard of the partitions, so there is nothing to take back, and the reader need not be waited for.
    private mutating func dropAssignment() {
        self.owned = []
        self.state = .unjoined
    }

    private mutating func beginRebalance() {
        self.mustRejoin = false
        self.isStepBegun = false
        self.state = self.owned.isEmpty ? .unjoined : .revoking
    }

    /// The reader begins with the step.
    mutating func stepBegan() -> RebalanceStep? {
        guard let step = self.step, !self.isStepBegun else { return nil }
        self.isStepBegun = true
        return step
    }

    /// The reader has done the step that it began.
    mutating func stepEnded() {
        guard self.isStepBegun else { return }
        self.isStepBegun = false
        switch self.state {
        case .revoking, .assigning:
            if self.isGone {
                // What was saved was somebody else's already; what was loaded is of no use.
                self.isGone = false
                self.state = .losing
            } else if self.state == .revoking {
                self.owned = []
                self.state = .unjoined
            } else {
                self.state = .stable
                if self.mustRejoin { self.beginRebalance() }
            }
        case .losing:
            self.owned = []
            if self.failure != nil {
                self.state = .failed
            } else if self.suspendsAfterLosing {
                self.state = .suspended
            } else {
                self.state = .unjoined
            }
            self.suspendsAfterLosing = false
        case .idle, .unjoined, .joining, .syncing, .stable, .suspended, .leaving, .failed:
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
        if self.state == .unjoined { self.state = .suspended }
        return farewell
    }

    /// The consumer unsubscribes or closes. What the reader has to give up first, and how.
    mutating func prepareToLeave() -> RebalanceStep? {
        defer {
            self.state = .leaving
            self.isStepBegun = false
        }
        switch self.state {
        case .revoking where self.isGone, .assigning where self.isGone, .losing:
            return self.owned.isEmpty ? nil : .lost(self.owned)
        // What was not told to the listener yet needn't be taken from it.
        case .assigning where !self.isStepBegun: return nil
        case .revoking, .assigning, .stable: return self.owned.isEmpty ? nil : .revoke(self.owned)
        case .idle, .unjoined, .joining, .syncing, .suspended, .leaving, .failed: return nil
        }
    }

    /// Everything is given up. Who is to be told, if anybody.
    mutating func leave(reason: String) -> Farewell? {
        let farewell = self.farewell(reason: reason)
        self = ClassicMembershipStateMachine(isStatic: self.isStatic, heartbeatInterval: self.heartbeatInterval)
        return farewell
    }

    private func farewell(reason: String) -> Farewell? {
        guard !self.isStatic, !self.identity.memberID.isEmpty else { return nil }
        return Farewell(memberID: self.identity.memberID, reason: reason)
    }

    // MARK: What the coordinator says

    /// Whether a JoinGroup that was prepared is still to be sent: the group may have been left since, and another one begun.
    func wantsToJoin(as identity: Identity) -> Bool { self.state == .unjoined && self.identity == identity }

    mutating func requestSent(now: MonotonicTime) {
        if self.state == .unjoined {
            self.state = .joining
            self.mustRejoin = false
            self.nextHeartbeat = nil
        }
    }

    /// What follows a refused or failed request: it is sent again, at once or after a backoff.
    enum Retry: Hashable, Sendable {
        case atOnce
        case afterBackoff
        /// After a backoff, and with the coordinator looked for anew.
        case newCoordinator
        case never
    }

    /// The group has this member in a new generation.
    mutating func joined(memberID: String, generation: Int32, now: MonotonicTime) {
        guard self.state == .joining else { return }
        self.identity = Identity(memberID: memberID, generation: generation)
        self.nextHeartbeat = now + self.heartbeatInterval
        self.state = .syncing
    }

    mutating func joinFailed(_ error: KafkaError, memberID: String? = nil) -> Retry {
        guard self.state == .joining else { return .never }
        self.state = .unjoined
        self.identity.generation = -1
        switch error.brokerCode {
        case ErrorCode.memberIdRequired?:
            self.identity.memberID = memberID ?? ""
            return .atOnce
        case ErrorCode.unknownMemberId?:
            self.identity.memberID = ""
            return .atOnce
        default:
            return self.retry(after: error)
        }
    }

    /// The leader's assignment has come.
    mutating func synced(_ assignment: [TopicPartition]) {
        guard self.state == .syncing else { return }
        if self.mustRejoin {
            // It is out of date already. The listener has not heard of it, so there is nothing to take back.
            self.state = .unjoined
            return
        }
        self.owned = assignment
        self.isStepBegun = false
        self.state = .assigning
    }

    mutating func syncFailed(_ error: KafkaError) -> Retry {
        guard self.state == .syncing else { return .never }
        self.state = .unjoined
        self.reason = "the group rebalanced before the assignment came"
        switch error.brokerCode {
        case ErrorCode.rebalanceInProgress?:
            return .atOnce
        case ErrorCode.unknownMemberId?:
            self.identity = Identity()
            return .atOnce
        case ErrorCode.illegalGeneration?:
            self.identity.generation = -1
            return .atOnce
        default:
            return self.retry(after: error)
        }
    }

    private mutating func retry(after error: KafkaError) -> Retry {
        switch error.brokerCode {
        case ErrorCode.notCoordinator?, ErrorCode.coordinatorNotAvailable?: return .newCoordinator
        case ErrorCode.rebalanceInProgress?, ErrorCode.illegalGeneration?, ErrorCode.coordinatorLoadInProgress?:
            return .afterBackoff
        case nil where error.isRetriable: return .newCoordinator
        case _ where error.isRetriable: return .afterBackoff
        default:
            self.fail(error)
            return .never
        }
    }

    private mutating func fail(_ error: KafkaError) {
        self.failure = error
        self.identity = Identity()
        self.state = .failed
    }

    // MARK: Heartbeats

    enum Heartbeat: Hashable, Sendable {
        case send(Identity)
        case at(MonotonicTime)
        /// Not in a generation.
        case none
    }

    /// What the coordinator is to hear now. Goes on while the reader is busy with a step.
    mutating func heartbeat(now: MonotonicTime) -> Heartbeat {
        switch self.state {
        case .syncing, .assigning, .stable, .revoking, .leaving:
            guard self.isMember else { return .none }
            let due = self.nextHeartbeat ?? now
            guard due <= now else { return .at(due) }
            self.nextHeartbeat = now + self.heartbeatInterval
            return .send(self.identity)
        case .idle, .losing, .unjoined, .joining, .suspended, .failed:
            return .none
        }
    }

    /// A heartbeat got no answer: the next is tried after `backoff`.
    mutating func heartbeatFailed(now: MonotonicTime, backoff: Duration) {
        self.nextHeartbeat = now + min(backoff, self.heartbeatInterval)
    }

    /// A heartbeat or a commit of `sender`'s generation was refused. An answer to an older identity says nothing.
    mutating func refused(_ error: KafkaError, sender: Identity) {
        guard sender == self.identity, sender.generation >= 0 else { return }
        switch error.brokerCode {
        case ErrorCode.rebalanceInProgress?:
            switch self.state {
            case .stable, .assigning: self.rebalance(because: "the group rebalances")
            // It is on its way to join, or SyncGroup will hear the same.
            case .idle, .revoking, .losing, .unjoined, .joining, .syncing, .suspended, .leaving, .failed: break
            }
        case ErrorCode.illegalGeneration?:
            self.reason = "the member's generation is over"
            self.loseMembership(keepsMemberID: true)
        case ErrorCode.unknownMemberId?:
            self.reason = "the group has dropped the member"
            self.loseMembership(keepsMemberID: false)
        case ErrorCode.fencedInstanceId?, ErrorCode.groupAuthorizationFailed?:
            self.failure = error
            self.loseMembership(keepsMemberID: false)
            if self.state == .unjoined { self.state = .failed }
        default:
            break
        }
    }

    /// The group goes on without this member.
    private mutating func loseMembership(keepsMemberID: Bool) {
        self.identity = Identity(memberID: keepsMemberID ? self.identity.memberID : "", generation: -1)
        self.mustRejoin = false
        switch self.state {
        case .revoking where self.isStepBegun, .assigning where self.isStepBegun:
            // The callback runs: once it has returned, the listener is told that it was in vain.
            self.isGone = true
        case .assigning where !self.isStepBegun:
            self.dropAssignment()
        case .stable, .revoking:
            self.isStepBegun = false
            self.state = self.owned.isEmpty ? .unjoined : .losing
        case .syncing:
            self.state = .unjoined
        case .idle, .assigning, .losing, .unjoined, .joining, .suspended, .leaving, .failed:
            break
        }
    }
}
