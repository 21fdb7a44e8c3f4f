// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// A consumer's membership in a group: which steps the reader has to do, and under which identity offsets are committed. Pure.
///
/// Each kind of membership has a state machine, and a `MembershipDriver` that sends the machine's requests. Only these two know
/// the group's protocol.
enum Membership: Sendable {
    /// There is no group: the partitions are not shared, and offsets can't be committed.
    case none
    /// A group of the classic protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup. Idle if the partitions are assigned by hand.
    ///
    /// The case is indirect because the reader queries it for each batch, which would copy the machine otherwise.
    indirect case classic(ClassicMembershipStateMachine)

    // MARK: The reader

    /// What the reader has to do, if anything.
    var step: RebalanceStep? {
        switch self {
        case .none: nil
        case .classic(let machine): machine.step
        }
    }

    /// The reader begins with the step. Nil if there is none, or if the reader has begun with it before.
    mutating func stepBegan() -> RebalanceStep? {
        guard self.step != nil else { return nil }
        return self.withClassic { $0.stepBegan() } ?? nil
    }

    /// Whether the reader is still wanted to do the step that it began: the group may have been left since.
    func isAtWork(on step: RebalanceStep) -> Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.isAtWork(on: step)
        }
    }

    /// The reader has done the step that it began.
    mutating func stepEnded() { self.withClassic { $0.stepEnded() } }

    /// The reader asks for the next records. Whether the group is joined again because of that.
    mutating func readerAsked() -> Bool {
        guard case .classic(let machine) = self, machine.waitsForReader else { return false }
        return self.withClassic { $0.readerAsked() } ?? false
    }

    /// Why the group can't be joined, for the reader. When it asks again after that, joining is tried again.
    mutating func takeFailure() -> KafkaError? {
        guard case .classic(let machine) = self, machine.waitsForReader else { return nil }
        return self.withClassic { $0.takeFailure() } ?? nil
    }

    /// Whether the partitions are gone, and the reader is yet to hear of it.
    var isLosing: Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.isLosing
        }
    }

    /// When the group gives this member up and its partitions to others, if it hears nothing of it until then.
    var sessionDeadline: MonotonicTime? {
        switch self {
        case .none: nil
        case .classic(let machine): machine.sessionDeadline
        }
    }

    /// Whether the reader is expected to ask for records in time.
    var isPollIntervalRunning: Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.isPollIntervalRunning
        }
    }

    // MARK: The subscription

    /// What is subscribed to has changed, or it is time to begin.
    mutating func rebalance(because reason: String) { self.withClassic { $0.rebalance(because: reason) } }

    /// The topics are not those that the group was told. Does nothing without a subscription.
    mutating func topicsChanged(because reason: String) { self.withClassic { $0.topicsChanged(because: reason) } }

    /// The topics whose partitions this member has to know in addition to its own subscription.
    var watchedTopics: Set<String> {
        switch self {
        case .none: []
        case .classic(let machine): Set(machine.distributed.keys)
        }
    }

    /// Whether the group's topics have other partitions than when they were last distributed.
    func isOutOfDate(_ metadata: ClusterMetadata) -> Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.isOutOfDate(metadata)
        }
    }

    // MARK: Commits

    /// The identity of commits that are made now; nil without a group.
    var committer: CommitIdentity? {
        switch self {
        case .none: nil
        case .classic(let machine): machine.committer
        }
    }

    /// Whether no rebalance is in progress. During one, offsets are committed when the partitions are given up.
    var isSettled: Bool {
        switch self {
        case .none: true
        case .classic(let machine): machine.state == .idle || machine.state == .stable
        }
    }

    /// Whether a commit under this identity can succeed while topics are subscribed to.
    func admits(_ committer: CommitIdentity) -> Bool {
        switch self {
        case .none: true
        case .classic(let machine):
            machine.state == .idle || machine.isMember && machine.committer == committer
        }
    }

    /// A commit was refused. An answer to an older identity says nothing.
    mutating func refused(_ error: KafkaError, sender: CommitIdentity) {
        self.withClassic {
            $0.refused(error, sender: .init(memberID: sender.memberID, generation: sender.epoch))
        }
    }

    // MARK: Leaving

    /// The consumer unsubscribes or closes. Returns the step in which the partitions have to be given up first.
    mutating func prepareToLeave() -> RebalanceStep? { self.withClassic { $0.prepareToLeave() } ?? nil }

    /// All partitions are given up. Returns what to tell the group, if anything.
    mutating func leave(reason: String) -> Farewell? { self.withClassic { $0.leave(reason: reason) } ?? nil }

    /// Changes the machine of a classic membership, for its driver. Returns nil for another kind of membership.
    @discardableResult
    mutating func withClassic<Result>(_ change: (inout ClassicMembershipStateMachine) -> Result) -> Result? {
        guard case .classic(var machine) = self else { return nil }
        // Out of `self` while it changes, so that its arrays are not copied.
        self = .none
        defer { self = .classic(machine) }
        return change(&machine)
    }
}
