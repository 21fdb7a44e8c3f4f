// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// JoinGroup: new members, rejoining members, and returning static members.
extension ClassicGroup {
    mutating func join(
        _ request: JoinRequest, newMemberID: String, ticket: Ticket, now: Milliseconds
    ) -> [Answer] {
        func refuse(_ error: ErrorCode, memberID: String? = nil) -> [Answer] {
            [.join(ticket, JoinAnswer(error: error, memberID: memberID ?? request.memberID))]
        }
        guard self.state != .dead else { return refuse(.coordinatorNotAvailable) }
        guard self.limits.sessionTimeouts.contains(request.sessionTimeout) else {
            return refuse(.invalidSessionTimeout)
        }
        guard self.hasRoom(for: request) else { return refuse(.groupMaxSizeReached, memberID: "") }
        guard self.supports(request) else { return refuse(.inconsistentGroupProtocol) }

        if request.memberID.isEmpty {
            if let instanceID = request.instanceID {
                if let index = self.members.firstIndex(where: { $0.instanceID == instanceID }) {
                    return self.replaceStaticMember(at: index, request, newMemberID: newMemberID, ticket, now)
                }
            } else if request.requiresKnownMemberID {
                self.pendingMembers[newMemberID] = now + request.sessionTimeout
                return refuse(.memberIdRequired, memberID: newMemberID)
            }
            self.add(request, id: newMemberID, ticket: ticket, now: now)
            return self.takeAnswers()
        }
        if self.pendingMembers.removeValue(forKey: request.memberID) != nil {
            self.add(request, id: request.memberID, ticket: ticket, now: now)
            return self.takeAnswers()
        }
        if let error = self.identityError(memberID: request.memberID, instanceID: request.instanceID) {
            return refuse(error)
        }
        guard let index = self.index(of: request.memberID) else { return refuse(.unknownMemberId) }
        self.rejoin(request, index, ticket, now)
        return self.takeAnswers()
    }

    mutating func rejoin(_ request: JoinRequest, _ index: Int, _ ticket: Ticket, _ now: Milliseconds) {
        let isUnchanged = self.members[index].protocols == request.protocols
        switch self.state {
        case .preparingRebalance:
            self.update(index, request, ticket: ticket)
            self.completeJoinIfAllCame(now: now)
        case .completingRebalance where isUnchanged:
            // The member did not receive the first response.
            self.answers.append(.join(ticket, self.joinAnswer(for: self.members[index])))
            self.members[index].touch(now)
        case .stable where isUnchanged && request.memberID != self.leaderID:
            self.answers.append(.join(ticket, self.joinAnswer(for: self.members[index], withMembers: false)))
            self.members[index].touch(now)
        case .completingRebalance, .stable:
            self.update(index, request, ticket: ticket)
            self.prepareRebalance(now: now)
        case .empty, .dead:
            self.answers.append(.join(ticket, JoinAnswer(error: .unknownMemberId, memberID: request.memberID)))
        }
    }

    mutating func add(_ request: JoinRequest, id: String, ticket: Ticket, now: Milliseconds) {
        var member = Member(id: id, request: request)
        member.joinTicket = ticket
        member.isNew = true
        member.sessionDeadline = now + self.limits.newMemberJoinTimeout
        if self.members.isEmpty { self.protocolType = request.protocolType }
        self.members.append(member)
        if self.leaderID == nil { self.leaderID = id }
        if self.state == .preparingRebalance, self.initialDelayLeft != nil { self.newMembersCame = true }
        if self.state == .preparingRebalance {
            self.completeJoinIfAllCame(now: now)
        } else {
            self.prepareRebalance(now: now)
        }
    }

    mutating func update(_ index: Int, _ request: JoinRequest, ticket: Ticket) {
        if let replaced = self.members[index].joinTicket {
            // The member has sent another request on another connection. The response goes to the newer one.
            self.answers.append(
                .join(replaced, JoinAnswer(error: .rebalanceInProgress, memberID: request.memberID)))
        }
        self.members[index].update(request)
        self.members[index].joinTicket = ticket
    }

    /// Handles a static member that returns without its member ID (KIP-345).
    mutating func replaceStaticMember(
        at index: Int, _ request: JoinRequest, newMemberID: String, _ ticket: Ticket, _ now: Milliseconds
    ) -> [Answer] {
        let old = self.members[index]
        if let join = old.joinTicket {
            self.answers.append(.join(join, JoinAnswer(error: .fencedInstanceId, memberID: old.id)))
        }
        if let sync = old.syncTicket { self.answers.append(.sync(sync, SyncAnswer(error: .fencedInstanceId))) }
        let wasLeader = self.leaderID == old.id
        self.members[index].id = newMemberID
        self.members[index].joinTicket = nil
        self.members[index].syncTicket = nil
        self.members[index].update(request)
        self.members[index].touch(now)
        if wasLeader { self.leaderID = newMemberID }

        switch self.state {
        case .stable where self.selectProtocol() == self.protocolName:
            var answer = self.joinAnswer(for: self.members[index])
            if wasLeader, request.canSkipAssignment {
                answer.skipsAssignment = true
            } else {
                // An assignment by this member would reach no other, so the response names the old ID as leader, and
                // the member doesn't compute one.
                if wasLeader { answer.leaderID = old.id }
                answer.members = []
            }
            self.save()
            self.answers.append(.join(ticket, answer))
        case .preparingRebalance:
            self.members[index].joinTicket = ticket
            self.completeJoinIfAllCame(now: now)
        case .stable, .completingRebalance, .empty, .dead:
            self.members[index].joinTicket = ticket
            self.prepareRebalance(now: now)
        }
        return self.takeAnswers()
    }

    func hasRoom(for request: JoinRequest) -> Bool {
        if !request.memberID.isEmpty {
            if self.index(of: request.memberID) != nil, self.state != .preparingRebalance { return true }
            if self.pendingMembers[request.memberID] != nil { return self.members.count < self.limits.maxSize }
            return self.members.count <= self.limits.maxSize
        }
        if self.members.contains(where: { $0.instanceID != nil && $0.instanceID == request.instanceID }) { return true }
        return self.members.count < self.limits.maxSize
    }

    /// Returns whether the request and all members have a protocol in common.
    func supports(_ request: JoinRequest) -> Bool {
        guard !request.protocolType.isEmpty, !request.protocols.isEmpty else { return false }
        guard !self.members.isEmpty else { return true }
        guard request.protocolType == self.protocolType else { return false }
        let common = self.commonProtocols()
        return request.protocols.contains { common.contains($0.name) }
    }

    func commonProtocols() -> Set<String> {
        guard let first = self.members.first else { return [] }
        return self.members.dropFirst().reduce(into: Set(first.protocols.map(\.name))) { common, member in
            common.formIntersection(member.protocols.map(\.name))
        }
    }

    /// Returns the protocol with the most votes. Each member votes for its first protocol that all members support.
    func selectProtocol() -> String? {
        let common = self.commonProtocols()
        var votes: [String: Int] = [:]
        for member in self.members {
            if let choice = member.protocols.first(where: { common.contains($0.name) }) {
                votes[choice.name, default: 0] += 1
            }
        }
        let most = votes.values.max()
        // With equal votes, the choice of the member that joined first wins.
        for member in self.members {
            if let choice = member.protocols.first(where: { common.contains($0.name) }), votes[choice.name] == most {
                return choice.name
            }
        }
        return nil
    }
}
