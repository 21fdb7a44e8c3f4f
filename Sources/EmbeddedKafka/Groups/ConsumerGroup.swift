// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// A group with its committed offsets and pending answers. It is only used on the cluster's loop.
final class ConsumerGroup {
    struct CommittedOffset: Equatable, Sendable {
        var offset: Int64
        var leaderEpoch: Int32
        var metadata: String
        /// The number that orders commits.
        var order = 0
    }

    /// The offsets that a producer commits with its open transaction.
    struct PendingOffsets {
        var epoch: Int16
        var offsets: [String: [Int32: CommittedOffset]] = [:]
    }

    /// The protocol of a group.
    enum Kind: String, CaseIterable {
        case classic
        case consumer
    }

    let name: String
    /// The protocol of the group, which decides between `classic` and `epochs`. The other one is empty.
    private(set) var kind = Kind.classic
    private(set) var classic: ClassicGroup
    private(set) var epochs: EpochGroup
    /// The committed offsets by topic and partition.
    private(set) var offsets: [String: [Int32: CommittedOffset]] = [:]
    /// The offsets that open transactions commit, by producer ID.
    private(set) var pendingOffsets: [Int64: PendingOffsets] = [:]
    private unowned let cluster: EmbeddedCluster
    private var joins: [ClassicGroup.Ticket: (ClassicGroup.JoinAnswer) -> Void] = [:]
    private var syncs: [ClassicGroup.Ticket: (ClassicGroup.SyncAnswer) -> Void] = [:]
    private var timer: LoopTimer?
    private var timerDeadline: Int64 = .max

    init(name: String, cluster: EmbeddedCluster) {
        self.name = name
        self.cluster = cluster
        self.classic = ClassicGroup(limits: cluster.configuration.groupLimits)
        self.epochs = EpochGroup(limits: cluster.configuration.epochGroupLimits)
    }

    /// The state by Kafka's name.
    var stateName: String {
        switch self.kind {
        case .classic: self.classic.state.rawValue
        case .consumer: self.epochs.state.rawValue
        }
    }

    var memberCount: Int {
        switch self.kind {
        case .classic: self.classic.members.count
        case .consumer: self.epochs.members.count
        }
    }

    var isStable: Bool {
        switch self.kind {
        case .classic: self.classic.state == .stable
        case .consumer: self.epochs.state == .stable
        }
    }

    // MARK: Members

    func join(
        _ request: ClassicGroup.JoinRequest, isVisible: (String) -> Bool,
        answer: @escaping (ClassicGroup.JoinAnswer) -> Void
    ) {
        let newMemberID = "\(request.instanceID ?? request.clientID)-\(self.cluster.randomUUID())"
        self.becomeClassicGroup()
        if self.kind == .consumer {
            answer(
                self.joinConsumerGroup(
                    request, newMemberID: self.cluster.randomUUID().description, isVisible: isVisible))
            return
        }
        let ticket = self.cluster.takeNumber()
        self.joins[ticket] = answer
        self.give(self.classic.join(request, newMemberID: newMemberID, ticket: ticket, now: self.cluster.now))
    }

    /// Takes a member of the classic protocol into a group of the consumer protocol.
    private func joinConsumerGroup(
        _ request: ClassicGroup.JoinRequest, newMemberID: String, isVisible: (String) -> Bool
    ) -> ClassicGroup.JoinAnswer {
        do throws(BrokerError) {
            guard self.cluster.configuration.groupMigration != .disabled else {
                throw BrokerError(.inconsistentGroupProtocol)
            }
            let answer = try self.epochs.join(
                request, newMemberID: newMemberID, self.cluster.groupTopics, isVisible: isVisible,
                now: self.cluster.now)
            self.give([])
            return answer
        } catch {
            return ClassicGroup.JoinAnswer(error: error.code, memberID: request.memberID)
        }
    }

    func sync(_ request: ClassicGroup.SyncRequest, answer: @escaping (ClassicGroup.SyncAnswer) -> Void) {
        if self.kind == .consumer {
            do throws(BrokerError) {
                answer(try self.epochs.sync(request, self.cluster.groupTopics, now: self.cluster.now))
            } catch {
                answer(ClassicGroup.SyncAnswer(error: error.code))
            }
            self.give([])
            return
        }
        let ticket = self.cluster.takeNumber()
        self.syncs[ticket] = answer
        self.give(self.classic.sync(request, ticket: ticket, now: self.cluster.now))
    }

    func heartbeat(memberID: String, instanceID: String?, generation: Int32) -> ErrorCode {
        defer { self.give([]) }
        guard self.kind == .consumer else {
            return self.classic.heartbeat(
                memberID: memberID, instanceID: instanceID, generation: generation, now: self.cluster.now)
        }
        do throws(BrokerError) {
            try self.epochs.heartbeat(
                memberID: memberID, instanceID: instanceID, generation: generation, now: self.cluster.now)
            return .none
        } catch {
            return error.code
        }
    }

    func leave(_ leavers: [ClassicGroup.Leaver]) -> [ErrorCode] {
        if self.kind == .consumer {
            defer { self.give([]) }
            return self.epochs.leave(leavers)
        }
        let (results, answers) = self.classic.leave(leavers, now: self.cluster.now)
        self.give(answers)
        return results
    }

    /// Handles a heartbeat of the consumer protocol.
    ///
    /// - Parameter isVisible: Whether the sender may know of a topic.
    func heartbeat(
        _ heartbeat: EpochGroup.Heartbeat, isVisible: (String) -> Bool
    ) throws(BrokerError) -> EpochGroup.HeartbeatAnswer {
        try self.becomeConsumerGroup(for: heartbeat)
        defer { self.give([]) }
        return try self.epochs.heartbeat(
            heartbeat, newMemberID: self.cluster.randomUUID().description, self.cluster.groupTopics,
            isVisible: isVisible, now: self.cluster.now)
    }

    /// Makes a group of the classic protocol one of the consumer protocol, for a member that joins with it.
    private func becomeConsumerGroup(for heartbeat: EpochGroup.Heartbeat) throws(BrokerError) {
        guard self.kind == .classic else { return }
        guard heartbeat.epoch == EpochGroup.Epoch.joining else {
            throw BrokerError(.groupIdNotFound, "The group \(self.name) is no consumer group.")
        }
        var answers: [ClassicGroup.Answer] = []
        if self.classic.members.isEmpty {
            self.epochs = EpochGroup(limits: self.epochs.limits)
        } else {
            guard [.upgrade, .bidirectional].contains(self.cluster.configuration.groupMigration) else {
                throw BrokerError(.groupIdNotFound, "The group \(self.name) is classic, and can't be changed.")
            }
            guard self.classic.protocolType == "consumer", self.classic.members.count <= self.epochs.limits.maxSize
            else {
                throw BrokerError(.groupIdNotFound, "The group \(self.name) isn't one of consumers, or too large.")
            }
            self.epochs = try EpochGroup(
                self.classic, limits: self.epochs.limits, self.cluster.groupTopics, now: self.cluster.now)
            answers = self.classic.refuseWaiting(.rebalanceInProgress)
        }
        self.kind = .consumer
        self.classic = ClassicGroup(limits: self.classic.limits)
        self.deliver(answers)
    }

    /// Makes a group of the consumer protocol a classic one if it is empty.
    private func becomeClassicGroup() {
        guard self.kind == .consumer, self.epochs.members.isEmpty else { return }
        self.kind = .classic
        self.epochs = EpochGroup(limits: self.epochs.limits)
    }

    /// Makes a group of the consumer protocol a classic one if all its members use the classic protocol.
    private func becomeClassicGroupIfAllAreClassic() {
        guard self.kind == .consumer, self.epochs.isToBecomeClassic else { return }
        self.classic = ClassicGroup(
            self.epochs, limits: self.classic.limits, self.cluster.groupTopics, now: self.cluster.now)
        self.kind = .classic
        self.epochs = EpochGroup(limits: self.epochs.limits)
    }

    func delete() -> ErrorCode {
        if self.kind == .consumer { return self.epochs.members.isEmpty ? .none : .nonEmptyGroup }
        let error = self.classic.delete()
        self.give([])
        return error
    }

    func moveToNewCoordinator() {
        if self.kind == .consumer { self.epochs.moveToNewCoordinator(now: self.cluster.now) }
        let answers = self.kind == .classic ? self.classic.moveToNewCoordinator(now: self.cluster.now) : []
        self.give(answers)
    }

    private func give(_ answers: [ClassicGroup.Answer]) {
        self.becomeClassicGroupIfAllAreClassic()
        self.setTimer()
        self.deliver(answers)
        self.cluster.waiters.notice()
    }

    private func deliver(_ answers: [ClassicGroup.Answer]) {
        for answer in answers {
            switch answer {
            case .join(let ticket, let answer): self.joins.removeValue(forKey: ticket)?(answer)
            case .sync(let ticket, let answer): self.syncs.removeValue(forKey: ticket)?(answer)
            }
        }
    }

    // If the deadline only moves back, the timer stays and finds nothing to do, so that heartbeats set no timers.
    private func setTimer() {
        guard let deadline = self.kind == .classic ? self.classic.nextDeadline : self.epochs.nextDeadline else {
            self.timer?.cancel()
            self.timer = nil
            self.timerDeadline = .max
            return
        }
        guard deadline < self.timerDeadline else { return }
        self.timer?.cancel()
        self.timerDeadline = deadline
        let cluster = self.cluster
        let name = self.name
        self.timer = cluster.after(.milliseconds(max(deadline - cluster.now, 0))) {
            cluster.groups[name]?.timeHasCome()
        }
    }

    private func timeHasCome() {
        self.timer = nil
        self.timerDeadline = .max
        if self.kind == .consumer { self.epochs.advance(to: self.cluster.now) }
        let answers = self.kind == .classic ? self.classic.advance(to: self.cluster.now) : []
        self.give(answers)
    }

    // MARK: Offsets

    /// Whether a sender may commit an offset of a partition.
    typealias CommitCheck = (GroupPartition) -> ErrorCode

    /// Throws if the sender may not commit offsets. Returns a check of each partition. A commit extends the session of a
    /// member of a classic group.
    func commitCheck(
        memberID: String, instanceID: String?, generation: Int32, version: Int16
    ) throws(BrokerError) -> CommitCheck {
        if self.kind == .consumer {
            return try self.epochs.commitCheck(
                memberID: memberID, instanceID: instanceID, epoch: generation, version: version)
        }
        let error = self.classic.commit(
            memberID: memberID, instanceID: instanceID, generation: generation, now: self.cluster.now)
        self.give([])
        guard error == .none else { throw BrokerError(error) }
        return { _ in .none }
    }

    /// Throws if the sender may not commit offsets with a transaction (KIP-447). Returns a check of each partition.
    func transactionalCommitCheck(
        memberID: String, instanceID: String?, generation: Int32, version: Int16
    ) throws(BrokerError) -> CommitCheck {
        if self.kind == .consumer {
            return try self.epochs.commitCheck(
                memberID: memberID, instanceID: instanceID, epoch: generation, isTransactional: true,
                version: version)
        }
        let error = self.classic.transactionalCommit(
            memberID: memberID, instanceID: instanceID, generation: generation)
        guard error == .none else { throw BrokerError(error) }
        return { _ in .none }
    }

    /// Returns why no committed offset can be deleted, whatever the topic. Nil if it depends on the topic.
    var refusalToDeleteOffsets: ErrorCode? {
        self.kind == .classic ? self.classic.refusalToDeleteOffsets : nil
    }

    func isSubscribed(to topic: String) -> Bool {
        self.kind == .classic ? self.classic.isSubscribed(to: topic) : self.epochs.isSubscribed(to: topic)
    }

    func commit(_ offset: CommittedOffset, topic: String, partition: Int32) {
        var offset = offset
        offset.order = self.cluster.takeNumber()
        self.offsets[topic, default: [:]][partition] = offset
    }

    /// Keeps an offset until the producer's transaction ends.
    func commit(
        _ offset: CommittedOffset, topic: String, partition: Int32, with producer: TransactionalIDState.Producer
    ) {
        var offset = offset
        offset.order = self.cluster.takeNumber()
        self.pendingOffsets[producer.id, default: PendingOffsets(epoch: producer.epoch)].epoch = producer.epoch
        self.pendingOffsets[producer.id]?.offsets[topic, default: [:]][partition] = offset
    }

    /// Returns whether an open transaction commits an offset of the partition.
    func isUnstable(topic: String, partition: Int32) -> Bool {
        self.pendingOffsets.values.contains { $0.offsets[topic]?[partition] != nil }
    }

    /// Commits or discards the offsets of a producer's transaction. An offset that was committed after them stays.
    func endTransaction(of producerID: Int64, isCommit: Bool) {
        guard let pending = self.pendingOffsets.removeValue(forKey: producerID), isCommit else { return }
        for (topic, partitions) in pending.offsets {
            for (partition, offset) in partitions
            where self.offsets[topic]?[partition].map({ $0.order < offset.order }) ?? true {
                self.offsets[topic, default: [:]][partition] = offset
            }
        }
    }

    func forget(topic: String) {
        self.offsets[topic] = nil
        for producerID in self.pendingOffsets.keys { self.pendingOffsets[producerID]?.offsets[topic] = nil }
    }

    func forget(topic: String, partition: Int32) {
        self.offsets[topic]?[partition] = nil
        if self.offsets[topic]?.isEmpty == true { self.offsets[topic] = nil }
        for producerID in self.pendingOffsets.keys {
            self.pendingOffsets[producerID]?.offsets[topic]?[partition] = nil
        }
    }
}

extension EmbeddedKafka.Configuration {
    var groupLimits: ClassicGroup.Limits {
        ClassicGroup.Limits(
            sessionTimeouts: self.sessionTimeouts.lowerBound
                .inMilliseconds...self.sessionTimeouts.upperBound.inMilliseconds,
            initialRebalanceDelay: self.initialRebalanceDelay.inMilliseconds, maxSize: self.maxGroupSize)
    }

    var epochGroupLimits: EpochGroup.Limits {
        EpochGroup.Limits(
            sessionTimeout: self.consumerSessionTimeout.inMilliseconds,
            heartbeatInterval: self.consumerHeartbeatInterval.inMilliseconds, maxSize: self.maxGroupSize,
            becomesClassic: [.downgrade, .bidirectional].contains(self.groupMigration),
            maxClassicSize: self.maxGroupSize)
    }
}

extension Duration {
    /// The duration in whole milliseconds, rounded towards zero.
    var inMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? (seconds < 0 ? .min : .max) / 2 : product + attoseconds / 1_000_000_000_000_000
    }
}
