// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Leaving a group, expired sessions, and moves of the coordinator.
extension ClassicGroup {
    /// Removes members. Returns a result for each in order, and the answers that other members receive because of it.
    mutating func leave(_ leavers: [Leaver], now: Milliseconds) -> (results: [ErrorCode], answers: [Answer]) {
        let before = self.members.count
        var results: [ErrorCode] = []
        for leaver in leavers {
            guard self.state != .dead else {
                results.append(.coordinatorNotAvailable)
                continue
            }
            if self.pendingMembers.removeValue(forKey: leaver.memberID) != nil {
                results.append(.none)
                continue
            }
            var memberID = leaver.memberID
            if memberID.isEmpty, let instanceID = leaver.instanceID {
                memberID = self.members.first { $0.instanceID == instanceID }?.id ?? ""
            }
            if let error = self.identityError(memberID: memberID, instanceID: leaver.instanceID) {
                results.append(error)
                continue
            }
            self.remove([memberID])
            results.append(.none)
        }
        if self.members.count < before { self.rebalanceWithout(now: now) }
        self.completeJoinIfAllCame(now: now)
        return (results, self.takeAnswers())
    }

    /// The earliest time at which `advance` has work to do, or nil if there is none.
    var nextDeadline: Milliseconds? {
        var deadlines = self.members.compactMap(\.deadline)
        deadlines.append(contentsOf: self.pendingMembers.values)
        if let joinDeadline = self.joinDeadline { deadlines.append(joinDeadline) }
        if let syncDeadline = self.syncDeadline { deadlines.append(syncDeadline) }
        return deadlines.min()
    }

    /// Advances the time: expires sessions, and completes rebalances without members that missed their deadlines.
    mutating func advance(to now: Milliseconds) -> [Answer] {
        self.pendingMembers = self.pendingMembers.filter { $0.value > now }
        let silent = Set(self.members.filter { ($0.deadline ?? .max) <= now }.map(\.id))
        self.remove(silent)
        if !silent.isEmpty { self.rebalanceWithout(now: now) }
        self.completeJoinIfAllCame(now: now)
        self.endJoin(now: now)
        self.endSync(now: now)
        return self.takeAnswers()
    }

    private mutating func endJoin(now: Milliseconds) {
        guard self.state == .preparingRebalance, let deadline = self.joinDeadline, deadline <= now else { return }
        if let left = self.initialDelayLeft, left > 0, self.newMembersCame {
            let delay = min(self.limits.initialRebalanceDelay, left)
            self.newMembersCame = false
            self.initialDelayLeft = left - delay
            self.joinDeadline = now + delay
        } else {
            self.completeJoin(now: now)
        }
    }

    private mutating func endSync(now: Milliseconds) {
        guard let deadline = self.syncDeadline, deadline <= now else { return }
        self.syncDeadline = nil
        let late = Set(self.members.filter(\.needsSync).map(\.id))
        guard !late.isEmpty else { return }
        self.remove(late)
        self.rebalanceWithout(now: now)
        self.completeJoinIfAllCame(now: now)
    }

    private mutating func remove(_ memberIDs: Set<String>) {
        for member in self.members where memberIDs.contains(member.id) {
            if let join = member.joinTicket {
                self.answers.append(.join(join, JoinAnswer(error: .unknownMemberId, memberID: member.id)))
            }
            if let sync = member.syncTicket { self.answers.append(.sync(sync, SyncAnswer(error: .unknownMemberId))) }
        }
        self.members.removeAll { memberIDs.contains($0.id) }
        if let leaderID, memberIDs.contains(leaderID) { self.leaderID = self.members.first?.id }
    }

    /// Starts a rebalance because members were removed.
    private mutating func rebalanceWithout(now: Milliseconds) {
        switch self.state {
        case .stable, .completingRebalance: self.prepareRebalance(now: now)
        case .preparingRebalance, .empty, .dead: break
        }
    }

    // MARK: The coordinator

    /// The state that a coordinator stores and the next one loads.
    struct Snapshot: Sendable {
        var state = State.empty
        var generation: Int32 = 0
        var protocolType: String?
        var protocolName: String?
        var leaderID: String?
        var members: [Member] = []
    }

    mutating func save() {
        self.saved = Snapshot(
            state: self.state, generation: self.generation, protocolType: self.protocolType,
            protocolName: self.protocolName, leaderID: self.leaderID, members: self.members)
    }

    /// Returns the answers that refuse all waiting requests.
    func refuseWaiting(_ error: ErrorCode) -> [Answer] {
        self.members.flatMap { member in
            [
                member.joinTicket.map { .join($0, JoinAnswer(error: error, memberID: member.id)) },
                member.syncTicket.map { .sync($0, SyncAnswer(error: error)) },
            ].compactMap(\.self)
        }
    }

    /// Moves the group to another coordinator: refuses waiting requests, and restores the state that was last stored.
    mutating func moveToNewCoordinator(now: Milliseconds) -> [Answer] {
        guard self.state != .dead else { return [] }
        self.answers.append(contentsOf: self.refuseWaiting(.notCoordinator))
        self.joinDeadline = nil
        self.initialDelayLeft = nil
        self.syncDeadline = nil
        self.pendingMembers = [:]
        self.state = self.saved.state
        self.generation = self.saved.generation
        self.protocolType = self.saved.protocolType
        self.protocolName = self.saved.protocolName
        self.leaderID = self.saved.leaderID
        self.members = self.saved.members
        for index in self.members.indices {
            self.members[index].joinTicket = nil
            self.members[index].syncTicket = nil
            self.members[index].needsSync = false
            self.members[index].isNew = false
            self.members[index].touch(now)
        }
        return self.takeAnswers()
    }

    /// Deletes the group, which must be empty.
    mutating func delete() -> ErrorCode {
        switch self.state {
        case .dead: return .groupIdNotFound
        case .empty:
            self.state = .dead
            return .none
        case .preparingRebalance, .completingRebalance, .stable: return .nonEmptyGroup
        }
    }
}
