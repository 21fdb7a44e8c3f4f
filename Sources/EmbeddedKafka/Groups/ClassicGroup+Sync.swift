// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// SyncGroup, heartbeats and commits: the requests of members of a generation.
extension ClassicGroup {
    mutating func sync(_ request: SyncRequest, ticket: Ticket, now: Milliseconds) -> [Answer] {
        func refuse(_ error: ErrorCode) -> [Answer] { [.sync(ticket, SyncAnswer(error: error))] }
        guard self.state != .dead else { return refuse(.coordinatorNotAvailable) }
        if let error = self.identityError(memberID: request.memberID, instanceID: request.instanceID) {
            return refuse(error)
        }
        guard let index = self.index(of: request.memberID) else { return refuse(.unknownMemberId) }
        guard request.generation == self.generation else { return refuse(.illegalGeneration) }
        if let type = request.protocolType, type != self.protocolType { return refuse(.inconsistentGroupProtocol) }
        if let name = request.protocolName, name != self.protocolName { return refuse(.inconsistentGroupProtocol) }

        switch self.state {
        case .empty, .dead:
            return refuse(.unknownMemberId)
        case .preparingRebalance:
            return refuse(.rebalanceInProgress)
        case .completingRebalance:
            self.members[index].needsSync = false
            if let replaced = self.members[index].syncTicket {
                self.answers.append(.sync(replaced, SyncAnswer(error: .rebalanceInProgress)))
            }
            self.members[index].syncTicket = ticket
            if request.memberID == self.leaderID { self.distribute(request.assignments, now: now) }
        case .stable:
            self.members[index].needsSync = false
            self.members[index].touch(now)
            self.answers.append(.sync(ticket, self.syncAnswer(for: self.members[index])))
        }
        return self.takeAnswers()
    }

    /// Distributes the leader's assignment to all members that wait for it.
    private mutating func distribute(_ assignments: [String: Bytes], now: Milliseconds) {
        self.state = .stable
        for index in self.members.indices {
            // A copy, so that the bytes don't keep the whole request in memory.
            self.members[index].assignment = assignments[self.members[index].id]?.detached() ?? Bytes()
            guard let ticket = self.members[index].syncTicket else { continue }
            self.members[index].syncTicket = nil
            self.members[index].touch(now)
            self.answers.append(.sync(ticket, self.syncAnswer(for: self.members[index])))
        }
        self.save()
    }

    private func syncAnswer(for member: Member) -> SyncAnswer {
        SyncAnswer(
            protocolType: self.protocolType, protocolName: self.protocolName, assignment: member.assignment)
    }

    mutating func heartbeat(
        memberID: String, instanceID: String?, generation: Int32, now: Milliseconds
    ) -> ErrorCode {
        guard self.state != .dead else { return .coordinatorNotAvailable }
        if let error = self.identityError(memberID: memberID, instanceID: instanceID) { return error }
        guard let index = self.index(of: memberID), self.state != .empty else { return .unknownMemberId }
        guard generation == self.generation else { return .illegalGeneration }
        self.members[index].touch(now)
        return self.state == .preparingRebalance ? .rebalanceInProgress : .none
    }

    /// Returns whether the sender may commit offsets. A member's commit extends its session.
    mutating func commit(
        memberID: String, instanceID: String?, generation: Int32, now: Milliseconds
    ) -> ErrorCode {
        guard self.state != .dead else { return .coordinatorNotAvailable }
        // The sender is a tool or a consumer without a subscription.
        if generation < 0, self.state == .empty { return .none }
        if generation < 0, memberID.isEmpty, instanceID == nil { return .unknownMemberId }
        if let error = self.identityError(memberID: memberID, instanceID: instanceID) { return error }
        guard generation == self.generation else { return .illegalGeneration }
        guard self.state != .completingRebalance else { return .rebalanceInProgress }
        if let index = self.index(of: memberID) { self.members[index].touch(now) }
        return .none
    }

    /// Returns whether the sender may commit offsets with a transaction. Unlike others it may do so during a rebalance, and
    /// without being a member (KIP-447).
    func transactionalCommit(memberID: String, instanceID: String?, generation: Int32) -> ErrorCode {
        guard self.state != .dead else { return .coordinatorNotAvailable }
        if generation < 0, memberID.isEmpty, instanceID == nil { return .none }
        if generation < 0, self.state == .empty { return .none }
        if let error = self.identityError(memberID: memberID, instanceID: instanceID) { return error }
        return generation == self.generation ? .none : .illegalGeneration
    }
}
