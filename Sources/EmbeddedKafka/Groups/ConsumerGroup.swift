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
    }

    let name: String
    private(set) var classic: ClassicGroup
    /// The committed offsets by topic and partition.
    private(set) var offsets: [String: [Int32: CommittedOffset]] = [:]
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

    func commit(_ offset: CommittedOffset, topic: String, partition: Int32) {
        self.offsets[topic, default: [:]][partition] = offset
    }

    func forget(topic: String) {
        self.offsets[topic] = nil
    }

    func forget(topic: String, partition: Int32) {
        self.offsets[topic]?[partition] = nil
        if self.offsets[topic]?.isEmpty == true { self.offsets[topic] = nil }
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
