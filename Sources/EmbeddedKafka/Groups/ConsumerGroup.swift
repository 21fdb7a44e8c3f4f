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

    let name: String
    private(set) var classic: ClassicGroup
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
    }

    // MARK: Members

    func join(_ request: ClassicGroup.JoinRequest, answer: @escaping (ClassicGroup.JoinAnswer) -> Void) {
        let ticket = self.cluster.takeNumber()
        self.joins[ticket] = answer
        let prefix = request.instanceID ?? request.clientID
        let answers = self.classic.join(
            request, newMemberID: "\(prefix)-\(self.cluster.randomUUID())", ticket: ticket, now: self.cluster.now)
        self.give(answers)
    }

    func sync(_ request: ClassicGroup.SyncRequest, answer: @escaping (ClassicGroup.SyncAnswer) -> Void) {
        let ticket = self.cluster.takeNumber()
        self.syncs[ticket] = answer
        let answers = self.classic.sync(request, ticket: ticket, now: self.cluster.now)
        self.give(answers)
    }

    func heartbeat(memberID: String, instanceID: String?, generation: Int32) -> ErrorCode {
        let error = self.classic.heartbeat(
            memberID: memberID, instanceID: instanceID, generation: generation, now: self.cluster.now)
        self.give([])
        return error
    }

    func leave(_ leavers: [ClassicGroup.Leaver]) -> [ErrorCode] {
        let (results, answers) = self.classic.leave(leavers, now: self.cluster.now)
        self.give(answers)
        return results
    }

    func delete() -> ErrorCode {
        let error = self.classic.delete()
        self.give([])
        return error
    }

    func moveToNewCoordinator() {
        let answers = self.classic.moveToNewCoordinator(now: self.cluster.now)
        self.give(answers)
    }

    private func give(_ answers: [ClassicGroup.Answer]) {
        self.setTimer()
        for answer in answers {
            switch answer {
            case .join(let ticket, let answer): self.joins.removeValue(forKey: ticket)?(answer)
            case .sync(let ticket, let answer): self.syncs.removeValue(forKey: ticket)?(answer)
            }
        }
        self.cluster.waiters.notice()
    }

    // If the deadline only moves back, the timer stays and finds nothing to do, so that heartbeats set no timers.
    private func setTimer() {
        guard let deadline = self.classic.nextDeadline else {
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
        let answers = self.classic.advance(to: self.cluster.now)
        self.give(answers)
    }

    // MARK: Offsets

    /// Returns whether the sender may commit offsets. A member's commit extends its session.
    func checkCommit(memberID: String, instanceID: String?, generation: Int32) -> ErrorCode {
        let error = self.classic.commit(
            memberID: memberID, instanceID: instanceID, generation: generation, now: self.cluster.now)
        self.give([])
        return error
    }

    /// Returns whether the sender may commit offsets with a transaction (KIP-447).
    func checkTransactionalCommit(memberID: String, instanceID: String?, generation: Int32) -> ErrorCode {
        self.classic.transactionalCommit(memberID: memberID, instanceID: instanceID, generation: generation)
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
}

extension Duration {
    /// The duration in whole milliseconds, rounded towards zero.
    var inMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? (seconds < 0 ? .min : .max) / 2 : product + attoseconds / 1_000_000_000_000_000
    }
}
