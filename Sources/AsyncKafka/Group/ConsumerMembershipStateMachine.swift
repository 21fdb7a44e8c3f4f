// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// A member of a group in the consumer protocol (KIP-848): ConsumerGroupHeartbeat. Pure.
///
/// The coordinator distributes the partitions, and answers a heartbeat with the member's target. The machine has the reader
/// give up what isn't in the target, tells the coordinator, and then has it take over what is new, one step at a time. A
/// partition is in a target only after its former owner has told the coordinator that it has given the partition up.
struct ConsumerMembershipStateMachine: Sendable {
    /// The state of the membership. In `assigning`, `revoking` and `losing` the reader has a step, which `owned` follows.
    enum State: Hashable, Sendable {
        /// There is no subscription yet, or the consumer has left the group.
        case idle
        /// The member joins with epoch 0.
        case joining
        /// No step is in progress.
        case stable
        case assigning
        case revoking
        /// The group has removed the member. The reader has to report to the listener that its partitions are lost.
        case losing(then: AfterLoss)
        /// The member has left because the poll interval expired. It rejoins when the reader asks for records.
        case suspended
        /// The consumer is leaving, and the last partitions are being given up.
        case leaving
        /// The group can't be joined; `failure` says why.
        case failed(isTold: Bool)
    }

    /// The settings of the membership, which don't change.
    struct Terms: Hashable, Sendable {
        var group: String
        /// Chosen by the client. A member that has left joins again under another id (`ConsumerMembershipStateMachine.memberID`).
        var memberID: String
        var instanceID: String?
        /// The time without a heartbeat after which the coordinator removes the member.
        var sessionTimeout: Duration
    }

    /// What the coordinator knows since a heartbeat that it answered.
    struct Told: Hashable, Sendable {
        var subscription: MemberSubscription
        var owned: Set<TopicIDPartition>
    }

    var state = State.idle
    /// How many times the member has left.
    private var departures = 0
    /// Whether the coordinator may know the member.
    var mayBeKnown = false
    /// 0 while the member joins. It increases with each change of what the member owns.
    var epoch: Int32 = 0
    var owned = OwnedPartitions()
    /// The error that prevents the member from joining.
    var failure: KafkaError?

    let terms: Terms
    /// What follows if the group refuses the protocol.
    var otherProtocol: OtherProtocol
    var reason = "the consumer starts"
    /// The topics of the subscription; nil if it is a pattern. The heartbeats don't need them, but a membership by the other
    /// protocol does.
    private(set) var subscribed: Set<String>?
    /// The ids of the topics of owned partitions. A topic that is deleted and created again has another id.
    var ids: [TopicPartition: KafkaUUID] = [:]
    /// The partitions that the coordinator wants this member to own; nil before the first answer.
    var target: Set<TopicIDPartition>?
    /// The partitions of the target whose topics' names are known.
    var resolved: [TopicPartition: KafkaUUID] = [:]
    /// Owned partitions of topics that were deleted and created again. The new topic's may belong to another member.
    private(set) var outdated: Set<TopicPartition> = []
    /// Whether `partitionsAssigned` has to be called, also without partitions.
    var isAssignmentDue = false

    /// Nil after a failure: the next heartbeat contains everything.
    var told: Told?
    /// The number of heartbeats, and the one that is in flight.
    var heartbeats = 0
    var inFlight: Int?
    /// The last heartbeat whose answer doesn't matter, because the member has left or was removed.
    private var lastForgotten = 0
    var heartbeatInterval = Duration.seconds(5)
    /// Nil if the next heartbeat is due immediately.
    var nextHeartbeat: MonotonicTime?
    /// The time at which the coordinator removes this member if it receives no further heartbeat.
    var sessionEnd: MonotonicTime?
    /// The number of heartbeats that failed since the last answer.
    var failures = 0
    /// When the instance id was first found to be in use.
    var unreleasedSince: MonotonicTime?

    init(_ terms: Terms, otherProtocol: OtherProtocol = .none) {
        self.terms = terms
        self.otherProtocol = otherProtocol
    }

    /// Joins in place of a classic membership, which the group has refused.
    init(_ terms: Terms, insteadOf former: ClassicMembershipStateMachine, after refusal: KafkaError) {
        self.init(terms, otherProtocol: .refused(refusal))
        self.owned = OwnedPartitions(after: former.owned)
        // A group that takes neither protocol must not be asked faster than one that refuses its only one.
        self.failures = former.failures
        self.subscribed(to: former.subscribed, because: former.reason)
    }

    // MARK: Questions

    /// The member's id. It is another one after each departure, because the request with which the member left may arrive late,
    /// and would remove the member again.
    var memberID: String {
        self.departures == 0 ? self.terms.memberID : "\(self.terms.memberID)-\(self.departures)"
    }

    /// The step that the reader has to perform, if any.
    var step: RebalanceStep? { self.owned.step }

    /// Whether the reader has to ask for records within the maximum poll interval.
    var isPollIntervalRunning: Bool {
        switch self.state {
        case .stable, .assigning, .revoking: true
        case .idle, .joining, .losing, .suspended, .leaving, .failed: false
        }
    }

    /// Whether commits of this epoch can succeed.
    var isMember: Bool { self.epoch > 0 }

    /// The identity of commits made now.
    var committer: CommitIdentity {
        CommitIdentity(
            group: self.terms.group, memberID: self.isMember ? self.memberID : "",
            epoch: self.isMember ? self.epoch : -1, instanceID: self.terms.instanceID, tenure: self.owned.tenure)
    }

    /// Whether automatic commits are made now. While partitions are being given up, their offsets are committed separately.
    var isSettled: Bool {
        switch self.state {
        case .idle, .stable, .assigning: true
        case .joining, .revoking, .losing, .suspended, .leaving, .failed: false
        }
    }

    /// Whether the member joins again only after the reader has asked.
    var waitsForReader: Bool {
        switch self.state {
        case .suspended, .failed, .losing(then: .suspend): true
        default: false
        }
    }

    /// Whether topics of the target are not known by name.
    var hasUnknownTopics: Bool { self.resolved.count < self.target?.count ?? 0 }

    /// Whether the answer to a heartbeat still matters.
    func matters(_ heartbeat: Heartbeat) -> Bool { heartbeat.number > self.lastForgotten }

    // MARK: What the consumer does

    /// Tells the coordinator that the subscription has changed, or joins the group for the first time.
    mutating func subscribed(to topics: Set<String>?, because reason: String) {
        self.subscribed = topics
        self.rebalance(because: reason)
    }

    private mutating func rebalance(because reason: String) {
        switch self.state {
        case .idle, .failed:
            if case .failed = self.state { self.otherProtocol.reset() }
            self.failure = nil
            self.join(because: reason)
        // The next heartbeat contains what has changed.
        case .joining, .stable, .assigning, .revoking: self.nextHeartbeat = nil
        case .losing, .suspended, .leaving: break
        }
    }

    /// Tells the coordinator if other topics match a pattern. Does nothing without a subscription.
    mutating func topicsChanged(because reason: String) {
        switch self.state {
        // After a failure, the reader has to ask first.
        case .idle, .failed: break
        default: self.rebalance(because: reason)
        }
    }

    mutating func join(because reason: String) {
        self.reason = reason
        self.state = .joining
        self.nextHeartbeat = nil
    }

    /// Looks up the names of the target's topics. Returns whether the reader has a step now that it hadn't before.
    mutating func resolveNames(_ metadata: ClusterMetadata) -> Bool {
        self.findOutdated(metadata)
        guard let target else { return false }
        self.resolved = Dictionary(
            target.compactMap { partition in
                metadata.topic(id: partition.topicID).map {
                    (TopicPartition($0.name, partition.partition), partition.topicID)
                }
            }
        ) { $1 }
        return self.reconcile()
    }

    /// Finds owned partitions whose topic's name stands for another topic now, and returns them.
    @discardableResult
    mutating func findOutdated(_ metadata: ClusterMetadata) -> Set<TopicPartition> {
        // A broker that lags behind may name the old topic once more, when the partition isn't read anymore.
        self.outdated.formUnion(
            self.owned.all.filter { partition in
                guard let id = metadata.topics[partition.topic]?.id, id != .zero else { return false }
                return id != self.ids[partition]
            })
        return self.outdated
    }

    /// Offers the next step towards the target, if one is due.
    @discardableResult
    mutating func reconcile() -> Bool {
        guard self.state == .stable, let target else { return false }
        let revoked = self.owned.all.filter { partition in
            guard let id = self.ids[partition], !self.outdated.contains(partition) else { return true }
            return !target.contains(TopicIDPartition(id, partition.partition))
        }
        if !revoked.isEmpty {
            self.isAssignmentDue = true
            self.state = .revoking
            self.owned.offer(.revoke(revoked))
            return true
        }
        let owned = Set(self.owned.all)
        let added = self.resolved.keys.filter { !owned.contains($0) }.sorted()
        guard !added.isEmpty || self.isAssignmentDue else { return false }
        self.isAssignmentDue = false
        for partition in added { self.ids[partition] = self.resolved[partition] }
        self.state = .assigning
        self.owned.offer(.assign(added))
        return true
    }

    /// Completes the step in progress.
    mutating func stepEnded() {
        guard self.owned.ended() else { return }
        switch self.state {
        case .assigning, .revoking:
            self.forgetIDs()
            self.state = .stable
            // The coordinator waits to hear of it.
            self.nextHeartbeat = nil
            self.reconcile()
        case .losing(let sequel): if self.owned.step == nil { self.goOnWithout(then: sequel) }
        default: break
        }
    }

    /// Forgets the ids of partitions that are no longer owned.
    private mutating func forgetIDs() {
        let owned = Set(self.owned.all)
        self.ids = self.ids.filter { owned.contains($0.key) }
        self.outdated.formIntersection(owned)
    }

    /// Continues without partitions, after the listener has been notified.
    private mutating func goOnWithout(then sequel: AfterLoss) {
        self.ids = [:]
        self.outdated = []
        switch sequel {
        case .join: self.join(because: self.reason)
        case .suspend: self.state = .suspended
        case .fail: self.state = .failed(isTold: false)
        }
    }

    /// Gives up the membership, because the group continues without this member.
    mutating func loseMembership(then sequel: AfterLoss = .join) {
        switch self.state {
        case .idle, .losing, .suspended, .leaving, .failed: return
        case .joining, .stable, .assigning, .revoking: break
        }
        self.epoch = 0
        self.told = nil
        self.inFlight = nil
        self.lastForgotten = self.heartbeats
        self.target = nil
        self.resolved = [:]
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
        self.join(because: "the consumer reads again")
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
    /// the heartbeat with which the member leaves, if any.
    mutating func pollIntervalExpired() -> LeaveNotice? {
        guard self.isPollIntervalRunning else { return nil }
        defer { self.loseMembership(then: .suspend) }
        return self.depart(because: "the consumer has not asked for records within the maximum poll interval")
    }

    /// Begins to leave the group. Returns the step in which the reader has to give up the partitions first, if any.
    mutating func prepareToLeave() -> RebalanceStep? {
        if self.state == .leaving { return nil }
        self.state = .leaving
        return self.owned.takeLastStep()
    }

    /// Leaves the group after all partitions are given up. Returns the notice to send, if any.
    mutating func leave(reason: String, _ operation: GroupMembershipOperation = .default) -> LeaveNotice? {
        let leaveNotice = self.depart(because: reason, operation)
        let former = self
        self = ConsumerMembershipStateMachine(self.terms, otherProtocol: self.otherProtocol)
        self.otherProtocol.reset()
        self.owned = OwnedPartitions(after: former.owned)
        (self.heartbeats, self.departures) = (former.heartbeats, former.departures)
        self.lastForgotten = self.heartbeats
        return leaveNotice
    }

    /// Returns the notice to send after the group couldn't be joined, so that it keeps no partitions for this member.
    mutating func departAfterFailure() -> LeaveNotice? {
        switch self.state {
        case .failed, .losing(then: .fail): self.depart(because: "the member can't take part")
        default: nil
        }
    }

    /// Returns the notice to send, if the coordinator may know the member. A static member leaves, too, with an epoch which says
    /// that it may return.
    private mutating func depart(
        because reason: String, _ operation: GroupMembershipOperation = .default
    ) -> LeaveNotice? {
        guard self.mayBeKnown else { return nil }
        let isStatic = self.terms.instanceID != nil
        let id = self.memberID
        self.departures += 1
        self.mayBeKnown = false
        guard isStatic || operation != .remainInGroup else { return nil }
        return LeaveNotice(
            memberID: id, reason: reason, request: .heartbeat(isForGood: !isStatic || operation == .leaveGroup))
    }
}
