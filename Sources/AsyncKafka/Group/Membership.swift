// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// A consumer's part in a group, of one kind or another: what the reading side has to do for it, and who commits. Pure.
///
/// Each kind has a state machine, and a driver that sends what the machine says. Only they know the group's protocol.
enum Membership: Sendable {
    /// There is no group: nobody shares the partitions, and no offsets are committed.
    case none
    /// By JoinGroup, SyncGroup, Heartbeat and LeaveGroup. It is idle if the partitions are chosen by hand.
    case classic(ClassicMembershipStateMachine)

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

    /// The topics, besides those subscribed to, whose partitions this member has to know.
    var watchedTopics: Set<String> {
        switch self {
        case .none: []
        case .classic(let machine): Set(machine.distributed.keys)
        }
    }

    /// Whether the group has to distribute partitions anew, since there are others now.
    func isOutOfDate(_ metadata: ClusterMetadata) -> Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.isOutOfDate(metadata)
        }
    }

    // MARK: Commits

    /// Who commits now; nil without a group.
    var committer: CommitIdentity? {
        switch self {
        case .none: nil
        case .classic(let machine): machine.committer
        }
    }

    /// Whether no rebalance is on its way: in one, offsets are committed when the partitions are given up.
    var isSettled: Bool {
        switch self {
        case .none: true
        case .classic(let machine): machine.state == .idle || machine.state == .stable
        }
    }

    /// Whether a subscriber's commits under this identity can succeed.
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

    /// The consumer unsubscribes or closes. What the reader has to give up first, and how.
    mutating func prepareToLeave() -> RebalanceStep? { self.withClassic { $0.prepareToLeave() } ?? nil }

    /// Everything is given up. Who is to be told, if anybody.
    mutating func leave(reason: String) -> Farewell? { self.withClassic { $0.leave(reason: reason) } ?? nil }

    /// Changes the machine of a classic membership; nil for any other. For the machine's own driver.
    @discardableResult
    mutating func withClassic<Result>(_ change: (inout ClassicMembershipStateMachine) -> Result) -> Result? {
        guard case .classic(var machine) = self else { return nil }
        // Out of `self` while it changes, so that it is not copied.
        self = .none
        defer { self = .classic(machine) }
        return change(&machine)
    }
}
