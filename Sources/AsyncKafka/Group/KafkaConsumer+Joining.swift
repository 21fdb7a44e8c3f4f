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
extension KafkaConsumer {
    // MARK: Join

    func join(
        _ group: String, _ identity: ClassicMembershipStateMachine.Identity, reason: String,
        until deadline: MonotonicTime
    ) async -> JoiningOutcome {
        do {
            try await self.lookUpPattern(until: deadline)
            let answer = try await self.cluster.attempt(
                ofGroup: group, deadline: deadline, checkingEvery: self.configuration.sessionTimeout / 3
            ) { () throws(KafkaError) -> JoinGroupCall? in
                // The group may have been left while the coordinator was looked for. The subscription is read after this: a
                // later change has the group joined again.
                let isWanted = self.updateMembership { membership in
                    guard membership.wantsToJoin(as: identity) else { return false }
                    membership.requestSent(now: self.loop.now)
                    return true
                }
                guard isWanted == true else { return nil }
                let topics = self.subscribedTopics(self.cluster.metadata)
                self.state.withLock { state in
                    if case .pattern = state.subscriptions.subscription { state.matched = topics }
                }
                return try self.joinCall(group, identity, topics, reason: reason)
            }
            switch answer {
            case nil:
                return .notWanted
            case .memberIDRequired(let memberID)?:
                let error = KafkaError(.memberIdRequired, doing: "joining the group", group: group)
                let retry = self.updateMembership { $0.joinFailed(error, memberID: memberID) }
                return .failed(error, retry ?? .never)
            case .joined(let response)?:
                self.logger(
                    .debug, "The group has a new generation",
                    [(.member, response.memberId), (.generation, "\(response.generationId)"), (.reason, reason)])
                self.updateMembership {
                    $0.joined(memberID: response.memberId, generation: response.generationId, now: self.loop.now)
                }
                return .joined(response)
            }
        } catch {
            let failure = KafkaError(wrapping: error, doing: "joining the group", group: group)
            let retry =
                self.updateMembership { membership in
                    // Perhaps it was not even sent.
                    if membership.wantsToJoin(as: identity) { membership.requestSent(now: self.loop.now) }
                    return membership.joinFailed(failure)
                } ?? .never
            return .failed(failure, retry)
        }
    }

    /// What a pattern matches has to be looked up before the group is told, also if that is nothing.
    ///
    /// A member without topics joins nevertheless: it is there when the first one is made, and no other has to wait for it.
    private func lookUpPattern(until deadline: MonotonicTime) async throws(KafkaError) {
        let isUnknown = self.state.withLock { state in
            guard case .pattern = state.subscriptions.subscription else { return false }
            return state.matched.isEmpty
        }
        if isUnknown { _ = try await self.cluster.refreshedMetadata(deadline: deadline) }
    }

    private func joinCall(
        _ group: String, _ identity: ClassicMembershipStateMachine.Identity, _ topics: Set<String>, reason: String
    ) throws(KafkaError) -> JoinGroupCall {
        var protocols: [JoinGroupCall.OfferedProtocol] = []
        for assignor in self.configuration.assignors {
            let subscription = GroupMemberSubscription(
                memberID: identity.memberID, topics: topics, userData: assignor.userData(for: topics),
                rack: self.configuration.cluster.rack)
            do {
                protocols.append(
                    JoinGroupCall.OfferedProtocol(
                        name: assignor.name, metadata: try ConsumerGroupProtocol.encode(subscription)))
            } catch {
                throw KafkaError(wrapping: error, doing: "joining the group", group: group)
            }
        }
        return JoinGroupCall(
            group: group, memberID: identity.memberID, instanceID: self.configuration.groupInstanceID,
            sessionTimeout: self.configuration.sessionTimeout, rebalanceTimeout: self.configuration.maxPollInterval,
            protocolType: ConsumerGroupProtocol.type, protocols: protocols, reason: reason,
            answerTimeout: self.groupTimeout)
    }

    // MARK: Sync

    func sync(
        _ group: String, _ identity: ClassicMembershipStateMachine.Identity, _ joined: JoinGroupResponse?,
        until deadline: MonotonicTime
    ) async -> JoiningOutcome {
        do {
            guard let joined else {
                throw KafkaError(.illegalState, "SyncGroup without JoinGroup.", group: group)
            }
            let isLeader = joined.leader == joined.memberId
            var assignments: [SyncGroupRequest.SyncGroupRequestAssignment] = []
            if isLeader {
                assignments = try await self.distribute(joined, as: identity, until: deadline)
            } else {
                self.noteDistributed([:], as: identity)
                self.watchTopics()
            }
            let call = SyncGroupCall(
                group: group, memberID: identity.memberID, generation: identity.generation,
                instanceID: self.configuration.groupInstanceID, protocolType: ConsumerGroupProtocol.type,
                protocolName: joined.protocolName, assignments: assignments, answerTimeout: self.groupTimeout)
            let answer = try await self.cluster.attempt(
                ofGroup: group, deadline: deadline, checkingEvery: self.configuration.sessionTimeout / 3
            ) { () throws(KafkaError) -> SyncGroupCall? in
                let isWanted = self.updateMembership { membership in
                    guard membership.nextRequest == .sync(identity) else { return false }
                    membership.requestSent(now: self.loop.now)
                    return true
                }
                return isWanted == true ? call : nil
            }
            guard let answer else { return .notWanted }
            let assignment = try ConsumerGroupProtocol.decodeAssignment(answer)
            self.logger(
                .info, "Joined the group",
                [
                    (.member, identity.memberID), (.generation, "\(identity.generation)"),
                    (.reason, isLeader ? "this member is its leader" : "another member is its leader"),
                ])
            // Who does not read has to begin in time, too.
            self.state.withLock { state in
                if !state.isReading, state.busySince == nil { state.busySince = self.loop.now }
            }
            self.updateMembership { $0.synced(assignment.sorted(), now: self.loop.now) }
            return .synced
        } catch {
            let failure = KafkaError(wrapping: error, doing: "taking the group's assignment", group: group)
            let retry = self.updateMembership { $0.syncFailed(failure) } ?? .never
            return .failed(failure, retry)
        }
    }

    /// As the group's leader: gives every member its partitions.
    private func distribute(
        _ joined: JoinGroupResponse, as identity: ClassicMembershipStateMachine.Identity,
        until deadline: MonotonicTime
    ) async throws -> [SyncGroupRequest.SyncGroupRequestAssignment] {
        let members = try joined.members.map { member in
            try ConsumerGroupProtocol.decodeSubscription(
                member.metadata, memberID: member.memberId, groupInstanceID: member.groupInstanceId)
        }
        let topics = members.reduce(into: Set<String>()) { $0.formUnion($1.topics) }
        // Not counted yet: what is learned of them now is no change.
        self.noteDistributed(Dictionary(topics.map { ($0, Int?.none) }) { $1 }, as: identity)
        self.watchTopics()
        var metadata = self.cluster.metadata
        if topics.contains(where: { metadata.topics[$0] == nil }) {
            metadata = try await self.cluster.refreshedMetadata(deadline: deadline)
        }
        let counts = Dictionary(topics.map { ($0, metadata.topics[$0]?.partitions.count ?? 0) }) { $1 }
        self.noteDistributed(counts.mapValues { Optional($0) }, as: identity)
        // A static leader that comes back finds the old assignment still good (KIP-814).
        if joined.skipAssignment { return [] }

        guard let assignor = self.configuration.assignors.first(where: { $0.name == joined.protocolName }) else {
            throw KafkaError(
                .groupFailed,
                "The group chose the assignor \"\(joined.protocolName ?? "")\", which this member didn't offer.",
                group: self.configuration.groupID)
        }
        let assignment = assignor.assign(members, partitionCounts: counts.filter { $0.value > 0 })
        return try joined.members.map { member in
            var entry = SyncGroupRequest.SyncGroupRequestAssignment()
            entry.memberId = member.memberId
            entry.assignment = try ConsumerGroupProtocol.encode(assignment[member.memberId] ?? [])
            return entry
        }
    }

    /// Keeps what is distributed, unless the group has been left or joined anew meanwhile.
    private func noteDistributed(
        _ distributed: [String: Int?], as identity: ClassicMembershipStateMachine.Identity
    ) {
        self.state.withLock { state in
            if state.membership?.nextRequest == .sync(identity) { state.distributed = distributed }
        }
    }

    /// As the group's leader: partitions were added to the group's topics since they were last distributed.
    func groupTopicsMayHaveChanged(_ metadata: ClusterMetadata) {
        let isChanged = self.state.withLock { state in
            let metadata = state.subscriptions.newest(metadata)
            return state.phase == .open
                && state.distributed.contains { topic, count in
                    guard let count else { return false }
                    // A topic that no broker knows for a moment has not lost its partitions.
                    guard let known = metadata.topics[topic], !known.partitions.isEmpty else { return false }
                    return known.partitions.count != count
                }
        }
        if isChanged {
            self.updateMembership { $0.topicsChanged(because: "the partitions of the group's topics changed") }
        }
    }
}
