// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Rebalances, from their start to the JoinGroup responses of the next generation.
extension ClassicGroup {
    /// Starts a rebalance. Members that wait for an assignment learn of it now, others with their next heartbeat.
    mutating func prepareRebalance(now: Milliseconds) {
        for index in self.members.indices {
            guard let ticket = self.members[index].syncTicket else { continue }
            self.answers.append(.sync(ticket, SyncAnswer(error: .rebalanceInProgress)))
            self.members[index].syncTicket = nil
            self.members[index].touch(now)
        }
        self.syncDeadline = nil
        let wasEmpty = self.state == .empty
        self.state = .preparingRebalance
        let timeout = self.members.map(\.rebalanceTimeout).max() ?? 0
        if wasEmpty, self.limits.initialRebalanceDelay > 0 {
            let delay = min(self.limits.initialRebalanceDelay, timeout)
            self.initialDelayLeft = timeout - delay
            self.newMembersCame = false
            self.joinDeadline = now + delay
            return
        }
        self.initialDelayLeft = nil
        self.joinDeadline = now + timeout
        // An empty group doesn't wait for members that only received an ID. They start the next rebalance.
        if wasEmpty { self.completeJoin(now: now) } else { self.completeJoinIfAllCame(now: now) }
    }

    mutating func completeJoinIfAllCame(now: Milliseconds) {
        guard self.state == .preparingRebalance, self.initialDelayLeft == nil, self.pendingMembers.isEmpty,
            self.members.allSatisfy({ $0.joinTicket != nil })
        else { return }
        self.completeJoin(now: now)
    }

    /// Starts the next generation with the members that have joined.
    mutating func completeJoin(now: Milliseconds) {
        self.members.removeAll { $0.joinTicket == nil && $0.instanceID == nil }
        if let leaderID, !self.members.contains(where: { $0.id == leaderID && $0.joinTicket != nil }) {
            self.leaderID = self.members.first { $0.joinTicket != nil }?.id
            if self.leaderID == nil, !self.members.isEmpty {
                // Only static members are left and none has joined, so wait for them until their sessions expire.
                self.leaderID = leaderID
                self.joinDeadline = now + (self.members.map(\.rebalanceTimeout).max() ?? 0)
                return
            }
        }
        self.joinDeadline = nil
        self.initialDelayLeft = nil
        self.generation = self.generation == Int32.max ? 1 : self.generation + 1
        guard !self.members.isEmpty else {
            self.becomeEmpty()
            return
        }
        self.protocolName = self.selectProtocol()
        self.state = .completingRebalance
        self.syncDeadline = now + (self.members.map(\.rebalanceTimeout).max() ?? 0)
        for index in self.members.indices {
            self.members[index].needsSync = true
            self.members[index].isNew = false
            self.members[index].touch(now)
            guard let ticket = self.members[index].joinTicket else { continue }
            self.members[index].joinTicket = nil
            self.answers.append(.join(ticket, self.joinAnswer(for: self.members[index])))
        }
    }

    mutating func becomeEmpty() {
        self.state = .empty
        self.protocolName = nil
        self.leaderID = nil
        self.joinDeadline = nil
        self.initialDelayLeft = nil
        self.syncDeadline = nil
        self.save()
    }

    func joinAnswer(for member: Member, withMembers: Bool = true) -> JoinAnswer {
        var answer = JoinAnswer(
            memberID: member.id, generation: self.generation, protocolType: self.protocolType,
            protocolName: self.protocolName, leaderID: self.leaderID ?? "")
        if withMembers, member.id == self.leaderID {
            answer.members = self.members.map {
                JoinAnswer.Member(
                    id: $0.id, instanceID: $0.instanceID, metadata: $0.metadata(for: self.protocolName ?? ""))
            }
        }
        return answer
    }
}
