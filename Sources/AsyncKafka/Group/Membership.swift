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
    /// The cases are indirect because the reader queries them for each batch, which would copy the machine otherwise.
    indirect case classic(ClassicMembershipStateMachine)
    /// A membership by the consumer protocol (KIP-848): ConsumerGroupHeartbeat. It is idle if partitions are assigned
    /// manually.
    indirect case consumer(ConsumerMembershipStateMachine)

    // MARK: The reader

    /// The step that the reader has to perform, if any.
    var step: RebalanceStep? {
        switch self {
        case .none: nil
        case .classic(let machine): machine.owned.step
        case .consumer(let machine): machine.owned.step
        }
    }

    /// Marks the offered step as in progress, and returns it. Returns nil if no step is offered, or if it is already in
    /// progress.
    mutating func stepBegan() -> RebalanceStep? {
        guard self.step != nil else { return nil }
        return self.change(without: nil, classic: { $0.owned.began() }, consumer: { $0.owned.began() })
    }

    /// Whether the step that the reader began is still in progress. The consumer may have left the group since.
    func isAtWork(on step: RebalanceStep) -> Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.owned.isAtWork(on: step)
        case .consumer(let machine): machine.owned.isAtWork(on: step)
        }
    }

    /// Completes the step in progress.
    mutating func stepEnded() { self.change(without: (), classic: { $0.stepEnded() }, consumer: { $0.stepEnded() }) }

    /// Notes that the reader asks for records, and returns whether the group is rejoined because of that.
    mutating func readerAsked() -> Bool {
        guard self.waitsForReader else { return false }
        return self.change(without: false, classic: { $0.readerAsked() }, consumer: { $0.readerAsked() })
    }

    /// Returns the error that prevents the member from joining, for the reader. When the reader asks again, the member
    /// tries again.
    mutating func takeFailure() -> KafkaError? {
        guard self.waitsForReader else { return nil }
        return self.change(without: nil, classic: { $0.takeFailure() }, consumer: { $0.takeFailure() })
    }

    /// Whether the partitions are lost and the listener hasn't finished `partitionsLost` yet.
    var isLosing: Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.owned.isLosing
        case .consumer(let machine): machine.owned.isLosing
        }
    }

    // MARK: Deadlines

    /// The time at which the group removes this member unless a heartbeat is answered before.
    var sessionDeadline: MonotonicTime? {
        switch self {
        case .none: nil
        case .classic(let machine): machine.sessionDeadline
        case .consumer(let machine): machine.sessionDeadline
        }
    }

    /// Gives up the membership if no heartbeat was answered for the session timeout, and returns whether that is so.
    mutating func sessionEnded(now: MonotonicTime) -> Bool {
        self.change(
            without: false, classic: { $0.sessionEnded(now: now) }, consumer: { $0.sessionEnded(now: now) })
    }

    /// Whether the reader has to ask for records within the maximum poll interval.
    var isPollIntervalRunning: Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.isPollIntervalRunning
        case .consumer(let machine): machine.isPollIntervalRunning
        }
    }

    /// Suspends the membership, because the reader hasn't asked for records within the maximum poll interval. Returns
    /// the notice to send, if any.
    mutating func pollIntervalExpired() -> LeaveNotice? {
        self.change(without: nil, classic: { $0.pollIntervalExpired() }, consumer: { $0.pollIntervalExpired() })
    }

    // MARK: The subscription

    /// Joins the group for the first time, or tells it that the subscription has changed.
    ///
    /// - Parameter topics: the topics that are subscribed to; nil for a pattern.
    mutating func subscribed(to topics: Set<String>?) {
        let reason = "the subscription has changed"
        self.change(
            without: (), classic: { $0.subscribed(to: topics, because: reason) },
            consumer: { $0.subscribed(to: topics, because: reason) })
    }

    /// Begins a rebalance that the application wants. Returns false under a protocol in which a member can't.
    mutating func enforceRebalance(because reason: String) -> Bool {
        self.change(
            without: false,
            classic: {
                $0.topicsChanged(because: reason)
                return true
            }, consumer: { _ in false })
    }

    /// Tells the group that the topics differ from those that it knows. Does nothing without a subscription.
    mutating func topicsChanged(because reason: String) {
        self.change(
            without: (), classic: { $0.topicsChanged(because: reason) },
            consumer: { $0.topicsChanged(because: reason) })
    }

    /// Returns owned partitions of topics that were deleted and created again, if those of the new topic may belong to another
    /// member.
    mutating func outdatedPartitions(_ metadata: ClusterMetadata) -> Set<TopicPartition> {
        self.change(without: [], classic: { _ in [] }, consumer: { $0.findOutdated(metadata) })
    }

    /// Processes the topics' metadata. Returns whether the membership has changed.
    mutating func metadataChanged(_ metadata: ClusterMetadata) -> Bool {
        self.change(
            without: false,
            classic: {
                guard $0.isOutOfDate(metadata) else { return false }
                $0.topicsChanged(because: "the partitions of the group's topics changed")
                return true
            }, consumer: { $0.resolveNames(metadata) })
    }

    /// The topics whose metadata this member needs in addition to its own subscription.
    var watchedTopics: Set<String> {
        switch self {
        case .none, .consumer: []
        case .classic(let machine): Set(machine.distributed.keys)
        }
    }

    // MARK: Commits

    /// The identity of commits made now; nil without a group.
    var committer: CommitIdentity? {
        switch self {
        case .none: nil
        case .classic(let machine): machine.committer
        case .consumer(let machine): machine.committer
        }
    }

    /// Whether automatic commits are made now. During a rebalance, offsets are committed when the partitions are given up.
    var isSettled: Bool {
        switch self {
        case .none: true
        case .classic(let machine): machine.isSettled
        case .consumer(let machine): machine.isSettled
        }
    }

    /// Returns the identity under which a commit is made that was prepared by `committer`. Nil if the member has given up
    /// partitions since.
    func identity(continuing committer: CommitIdentity) -> CommitIdentity? {
        guard !self.isIdle, let current = self.committer else { return committer }
        return current.isMember && current.tenure == committer.tenure ? current : nil
    }

    /// Whether the consumer takes part in no group.
    private var isIdle: Bool {
        switch self {
        case .none: true
        case .classic(let machine): machine.state == .idle
        case .consumer(let machine): machine.state == .idle
        }
    }

    /// Whether a commit that was refused can be made again, because the member goes on with the same partitions in a new
    /// generation or epoch.
    func outlasts(_ refusal: KafkaError, of committer: CommitIdentity) -> Bool {
        guard self.identity(continuing: committer) != nil else { return false }
        switch (self, refusal.brokerCode ?? .none) {
        case (.classic(let machine), .rebalanceInProgress), (.classic(let machine), .illegalGeneration):
            return machine.terms.isCooperative
        case (.consumer, .staleMemberEpoch): return true
        default: return false
        }
    }

    /// Handles the refusal of a commit. Refusals of older identities are ignored.
    mutating func refused(_ error: KafkaError, sender: CommitIdentity) {
        self.change(
            without: (),
            classic: {
                $0.refused(error, sender: .init(memberID: sender.memberID, generation: sender.epoch))
            }, consumer: { $0.refused(error, sender: sender) })
    }

    // MARK: Leaving

    /// Begins to leave the group. Returns the step in which the reader has to give up the partitions first, if any.
    mutating func prepareToLeave() -> RebalanceStep? {
        self.change(without: nil, classic: { $0.prepareToLeave() }, consumer: { $0.prepareToLeave() })
    }

    /// Leaves the group after all partitions are given up. Returns the `LeaveNotice` to send, if any.
    mutating func leave(reason: String, _ operation: GroupMembershipOperation = .default) -> LeaveNotice? {
        self.change(
            without: nil, classic: { $0.leave(reason: reason, operation) },
            consumer: { $0.leave(reason: reason, operation) })
    }

    // MARK: The machine

    /// Whether nothing happens before the reader asks for records again.
    private var waitsForReader: Bool {
        switch self {
        case .none: false
        case .classic(let machine): machine.waitsForReader
        case .consumer(let machine): machine.waitsForReader
        }
    }

    /// Changes the membership's machine. Each kind of membership has an argument, so that none is forgotten when one is added.
    @discardableResult
    private mutating func change<Result>(
        without none: Result, classic: (inout ClassicMembershipStateMachine) -> Result,
        consumer: (inout ConsumerMembershipStateMachine) -> Result
    ) -> Result {
        // The machine is moved out of `self` while it changes, so that its arrays are not copied.
        switch self {
        case .none: return none
        case .classic(var machine):
            self = .none
            defer { self = .classic(machine) }
            return classic(&machine)
        case .consumer(var machine):
            self = .none
            defer { self = .consumer(machine) }
            return consumer(&machine)
        }
    }

    /// Changes the machine of a classic membership, for its driver. Returns nil for another kind of membership.
    @discardableResult
    mutating func withClassic<Result>(_ change: (inout ClassicMembershipStateMachine) -> Result) -> Result? {
        self.change(without: nil, classic: { change(&$0) }, consumer: { _ in nil })
    }

    /// Changes the machine of a consumer membership, for its driver. Returns nil for another kind of membership.
    @discardableResult
    mutating func withConsumer<Result>(_ change: (inout ConsumerMembershipStateMachine) -> Result) -> Result? {
        self.change(without: nil, classic: { _ in nil }, consumer: { change(&$0) })
    }
}
