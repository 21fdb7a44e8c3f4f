// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// A consumer's membership in a group: the steps that the reader has to perform, and the identity of commits. Pure.
///
/// Each kind of membership has a state machine, and a `MembershipDriver` that sends the machine's requests. Only these two know
/// the group's protocol.
enum Membership: Sendable {
    /// There is no group: partitions are not shared, and offsets can't be committed.
    case none
    /// A membership by the classic protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup. It is idle if partitions are
    /// assigned manually.
    ///
    /// The case is indirect because the reader queries it for each batch, which would copy the machine otherwise.
    indirect case classic(ClassicMembershipStateMachine)

    // MARK: The reader

    /// The step that the reader has to perform, if any.
    var step: RebalanceStep? {
        switch self {
        case .none: nil
        case .classic(let machine): machine.step
        }
    }

    /// Marks the offered step as in progress, and returns it. Returns nil if no step is offered, or if it is already in
    /// progress.
    mutating func stepBegan() -> RebalanceStep? {
        guard self.step != nil else { return nil }
        return self.change(without: nil, classic: { $0.stepBegan() })
    }

    /// Whether the step that the reader began is still in progress. The consumer may have left the group since.
    func isAtWork(on step: RebalanceStep) -> Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.isAtWork(on: step)
        }
    }

    /// Completes the step in progress.
    mutating func stepEnded() { self.change(without: (), classic: { $0.stepEnded() }) }

    /// Notes that the reader asks for records, and returns whether the group is rejoined because of that.
    mutating func readerAsked() -> Bool {
        guard self.waitsForReader else { return false }
        return self.change(without: false, classic: { $0.readerAsked() })
    }

    /// Returns the error that prevents the member from joining, for the reader. When the reader asks again, the member
    /// tries again.
    mutating func takeFailure() -> KafkaError? {
        guard self.waitsForReader else { return nil }
        return self.change(without: nil, classic: { $0.takeFailure() })
    }

    /// Whether the partitions are lost and the listener hasn't finished `partitionsLost` yet.
    var isLosing: Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.isLosing
        }
    }

    /// The time at which the group removes this member unless a heartbeat is answered before.
    var sessionDeadline: MonotonicTime? {
        switch self {
        case .none: nil
        case .classic(let machine): machine.sessionDeadline
        }
    }

    /// Whether the reader has to ask for records within the maximum poll interval.
    var isPollIntervalRunning: Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.isPollIntervalRunning
        }
    }

    // MARK: The subscription

    /// Begins a rebalance because the subscription has changed, or joins the group for the first time.
    mutating func rebalance(because reason: String) {
        self.change(without: (), classic: { $0.rebalance(because: reason) })
    }

    /// Begins a rebalance because the topics differ from those that the group knows. Does nothing without a
    /// subscription.
    mutating func topicsChanged(because reason: String) {
        self.change(without: (), classic: { $0.topicsChanged(because: reason) })
    }

    /// The topics whose metadata this member needs in addition to its own subscription.
    var watchedTopics: Set<String> {
        switch self {
        case .none: []
        case .classic(let machine): Set(machine.distributed.keys)
        }
    }

    /// Whether the partitions of the group's topics have changed since they were last distributed.
    func isOutOfDate(_ metadata: ClusterMetadata) -> Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.isOutOfDate(metadata)
        }
    }

    // MARK: Commits

    /// The identity of commits made now; nil without a group.
    var committer: CommitIdentity? {
        switch self {
        case .none: nil
        case .classic(let machine): machine.committer
        }
    }

    /// Whether no rebalance is in progress. During a rebalance, offsets are committed when the partitions are given up.
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

    /// Handles the refusal of a commit. Refusals of older identities are ignored.
    mutating func refused(_ error: KafkaError, sender: CommitIdentity) {
        self.change(
            without: (),
            classic: {
                $0.refused(error, sender: .init(memberID: sender.memberID, generation: sender.epoch))
            })
    }

    // MARK: Leaving

    /// Begins to leave the group. Returns the step in which the reader has to give up the partitions first, if any.
    mutating func prepareToLeave() -> RebalanceStep? {
        self.change(without: nil, classic: { $0.prepareToLeave() })
    }

    /// Leaves the group after all partitions are given up. Returns the `LeaveNotice` to send, if any.
    mutating func leave(reason: String) -> LeaveNotice? {
        self.change(without: nil, classic: { $0.leave(reason: reason) })
    }

    // MARK: The machine

    /// Whether nothing happens before the reader asks for records again.
    private var waitsForReader: Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.waitsForReader
        }
    }

    /// Changes the membership's machine. Each kind of membership has an argument, so that none is forgotten when one is added.
    @discardableResult
    private mutating func change<Result>(
        without none: Result, classic: (inout ClassicMembershipStateMachine) -> Result
    ) -> Result {
        switch self {
        case .none: return none
        case .classic(var machine):
            // The machine is moved out of `self` while it changes, so that its arrays are not copied.
            self = .none
            defer { self = .classic(machine) }
            return classic(&machine)
        }
    }

    /// Changes the machine of a classic membership, for its driver. Returns nil for another kind of membership.
    @discardableResult
    mutating func withClassic<Result>(_ change: (inout ClassicMembershipStateMachine) -> Result) -> Result? {
        self.change(without: nil, classic: { change(&$0) })
    }
}
