// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// JoinGroup and SyncGroup.
extension ClassicMembershipDriver {
    // MARK: Join

    func join(
        as identity: ClassicMembershipStateMachine.Identity, reason: String, until deadline: MonotonicTime
    ) async -> JoiningOutcome {
        do {
            try await self.host.lookUpSubscription(until: deadline)
            let answer = try await self.cluster.attempt(
                ofGroup: self.group, deadline: deadline, checkingEvery: self.classic.coordinatorPatience
            ) { () throws(KafkaError) -> JoinGroupCall? in
                // The consumer may have left the group while the coordinator was looked up. The subscription is read
                // after `requestSent`, so that a later change causes another rebalance.
                let isWanted = self.update { machine in
                    guard machine.wantsToJoin(as: identity) else { return false }
                    machine.requestSent(now: self.loop.now)
                    return true
                }
                guard isWanted == true else { return nil }
                return try self.joinCall(as: identity, self.host.topicsToTell(), reason: reason)
            }
            switch answer {
            case nil:
                return .notWanted
            case .memberIDRequired(let memberID)?:
                let error = KafkaError(.memberIdRequired, doing: "joining the group", group: self.group)
                let retry = self.update { $0.joinFailed(error, memberID: memberID) }
                await self.leaveIfUnwanted(memberID, insteadOf: identity)
                return .failed(error, retry ?? .never)
            case .joined(let response)?:
                self.logger(
                    .debug, "The group has a new generation",
                    [(.member, response.memberId), (.generation, "\(response.generationId)"), (.reason, reason)])
                self.update {
                    $0.joined(
                        memberID: response.memberId, generation: response.generationId,
                        hasLeader: !response.leader.isEmpty, now: self.loop.now)
                }
                await self.leaveIfUnwanted(response.memberId, insteadOf: identity)
                return .joined(response)
            }
        } catch {
            let failure = KafkaError(wrapping: error, doing: "joining the group", group: self.group)
            let retry =
                self.update { machine in
                    // The request may have failed before it was sent.
                    if machine.wantsToJoin(as: identity) { machine.requestSent(now: self.loop.now) }
                    return machine.joinFailed(failure)
                } ?? .never
            return .failed(failure, retry)
        }
    }

    private func joinCall(
        as identity: ClassicMembershipStateMachine.Identity, _ topics: Set<String>, reason: String
    ) throws(KafkaError) -> JoinGroupCall {
        let (claims, last) = self.withMachine { ($0.owned.all, $0.lastAssignment) } ?? ([], nil)
        var protocols: [JoinGroupCall.OfferedProtocol] = []
        for assignor in self.classic.assignors {
            let subscription = GroupMemberSubscription(
                memberID: identity.memberID, topics: topics,
                userData: assignor.userData(for: topics, lastAssignment: last),
                ownedPartitions: claims, generation: identity.generation < 0 ? nil : identity.generation,
                rack: self.cluster.configuration.rack)
            do {
                protocols.append(
                    JoinGroupCall.OfferedProtocol(
                        name: assignor.name, metadata: try ClassicGroupMessages.encode(subscription)))
            } catch {
                throw KafkaError(wrapping: error, doing: "joining the group", group: self.group)
            }
        }
        return JoinGroupCall(
            group: self.group, memberID: identity.memberID, instanceID: self.settings.instanceID,
            sessionTimeout: self.classic.sessionTimeout, rebalanceTimeout: self.settings.maxPollInterval,
            protocolType: ClassicGroupMessages.type, protocols: protocols, reason: reason,
            answerTimeout: self.groupTimeout)
    }

    // MARK: Sync

    func sync(
        as identity: ClassicMembershipStateMachine.Identity, _ joined: JoinGroupResponse?,
        until deadline: MonotonicTime
    ) async -> JoiningOutcome {
        do {
            guard let joined else {
                throw KafkaError(.illegalState, "SyncGroup without JoinGroup.", group: self.group)
            }
            let isLeader = joined.leader == joined.memberId
            var assignments: [SyncGroupRequest.SyncGroupRequestAssignment] = []
            if isLeader {
                assignments = try await self.distribute(joined, as: identity, until: deadline)
            } else {
                self.distributes([:], as: identity)
            }
            let call = SyncGroupCall(
                group: self.group, memberID: identity.memberID, generation: identity.generation,
                instanceID: self.settings.instanceID, protocolType: ClassicGroupMessages.type,
                protocolName: joined.protocolName, assignments: assignments, answerTimeout: self.groupTimeout)
            let answer = try await self.cluster.attempt(
                ofGroup: self.group, deadline: deadline, checkingEvery: self.classic.coordinatorPatience
            ) { () throws(KafkaError) -> SyncGroupCall? in
                let isWanted = self.update { machine in
                    guard machine.nextRequest == .sync(identity) else { return false }
                    machine.requestSent(now: self.loop.now)
                    return true
                }
                return isWanted == true ? call : nil
            }
            guard let answer else { return .notWanted }
            let assignment = try ClassicGroupMessages.decodeAssignment(answer)
            self.logger(
                .info, "Joined the group",
                [
                    (.member, identity.memberID), (.generation, "\(identity.generation)"),
                    (.reason, isLeader ? "this member is its leader" : "another member is its leader"),
                ])
            self.host.expectReader()
            self.update { $0.synced(assignment.sorted(), now: self.loop.now) }
            return .synced
        } catch {
            let failure = KafkaError(wrapping: error, doing: "taking the group's assignment", group: self.group)
            let retry = self.update { $0.syncFailed(failure) } ?? .never
            return .failed(failure, retry)
        }
    }

    /// Computes every member's assignment, as the group's leader.
    private func distribute(
        _ joined: JoinGroupResponse, as identity: ClassicMembershipStateMachine.Identity,
        until deadline: MonotonicTime
    ) async throws -> [SyncGroupRequest.SyncGroupRequestAssignment] {
        let members = try joined.members.map { member in
            try ClassicGroupMessages.decodeSubscription(
                member.metadata, memberID: member.memberId, groupInstanceID: member.groupInstanceId)
        }
        let names = members.reduce(into: Set<String>()) { $0.formUnion($1.topics) }
        // The partitions aren't counted yet, so metadata that arrives until then doesn't count as a change.
        self.distributes(Dictionary(names.map { ($0, AssignableTopic?.none) }) { $1 }, as: identity)
        var metadata = self.cluster.metadata
        if names.contains(where: { metadata.topics[$0] == nil }) {
            metadata = try await self.cluster.refreshedMetadata(deadline: deadline)
        }
        let mindsRacks = members.contains { $0.rack?.isEmpty == false }
        var topics: [String: AssignableTopic] = [:]
        for name in names { topics[name] = AssignableTopic(name, in: metadata, mindsRacks: mindsRacks) }
        let distributed = Dictionary(names.map { ($0, topics[$0] ?? AssignableTopic(partitionCount: 0)) }) { $1 }
        self.withMachine { $0.distributes(distributed, as: identity) }
        // A static leader that returns keeps the previous assignment (KIP-814).
        if joined.skipAssignment { return [] }

        guard let assignor = self.classic.assignors.first(where: { $0.name == joined.protocolName }) else {
            throw KafkaError(
                .groupFailed,
                "The group chose the assignor \"\(joined.protocolName ?? "")\", which this member didn't offer.",
                group: self.group)
        }
        let assignment = assignor.assign(members, topics: topics)
        return try joined.members.map { member in
            var entry = SyncGroupRequest.SyncGroupRequestAssignment()
            entry.memberId = member.memberId
            entry.assignment = try ClassicGroupMessages.encode(assignment[member.memberId] ?? [])
            return entry
        }
    }

    /// Stores the topics that this member distributes, and requests their metadata.
    private func distributes(_ topics: [String: AssignableTopic?], as identity: ClassicMembershipStateMachine.Identity)
    {
        self.withMachine { $0.distributes(topics, as: identity) }
        self.host.watchTopics()
    }
}
