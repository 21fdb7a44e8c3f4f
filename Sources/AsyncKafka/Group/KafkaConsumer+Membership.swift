// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

extension KafkaConsumer {
    /// Sends what the membership has to send: JoinGroup and SyncGroup.
    func keepMembership() async {
        guard let group = self.configuration.groupID else { return }
        var joined: JoinGroupResponse?
        var failures = 0
        while !Task.isCancelled {
            let request = self.state.withLock { $0.membership?.nextRequest }
            let retry: ClassicMembershipStateMachine.Retry
            switch request {
            case .join(let identity, let reason):
                // What a pattern matches has to be known before the group is told.
                guard await self.hasTopics() else {
                    await self.membershipSignal.wait(on: self.loop)
                    continue
                }
                (joined, retry) = await self.join(group, identity, reason: reason)
            case .sync(let identity):
                retry = await self.sync(group, identity, joined)
            case nil:
                await self.membershipSignal.wait(on: self.loop)
                continue
            }
            switch retry {
            case .atOnce:
                failures = 0
            case .afterBackoff, .newCoordinator:
                failures += 1
                try? await self.cluster.pause(until: self.loop.now + self.cluster.backoff(failures: failures))
            case .never:
                failures = 0
                self.readerSignal.notify()
            }
        }
    }

    private func hasTopics() async -> Bool {
        let subscription = self.state.withLock { $0.subscriptions.subscription }
        if case .pattern = subscription { return !self.state.withLock { $0.matched.isEmpty } }
        return true
    }

    // MARK: Join

    private func join(
        _ group: String, _ identity: ClassicMembershipStateMachine.Identity, reason: String
    ) async -> (JoinGroupResponse?, ClassicMembershipStateMachine.Retry) {
        // A crash of the coordinator must not hang the member for the whole rebalance timeout and more.
        let timeout = max(
            self.configuration.cluster.requestTimeout, self.configuration.maxPollInterval + .seconds(5))
        var coordinator: Int32?
        do {
            let broker = try await self.cluster.coordinator(.group, for: group, deadline: self.lookupDeadline)
            coordinator = broker
            let connection = try await self.cluster.connection(
                to: broker, for: .coordinator, deadline: self.lookupDeadline)
            // The group may have been left while the coordinator was looked for. What is subscribed to is read behind this: a
            // later change has the group joined again.
            let isWanted = self.updateMembership { membership in
                guard membership.wantsToJoin(as: identity) else { return false }
                membership.requestSent(now: .now)
                return true
            }
            guard isWanted == true else { return (nil, .atOnce) }
            let topics = self.subscribedTopics(self.cluster.metadata)
            self.state.withLock { state in
                if case .pattern = state.subscriptions.subscription { state.matched = topics }
            }
            let request = try self.joinRequest(
                group, identity, topics, reason: reason,
                version: connection.versions.version(for: JoinGroupRequest.self))
            let response = try await connection.request(request, timeout: timeout)
            guard response.errorCode == .none else {
                if response.errorCode == .memberIdRequired {
                    self.updateMembership { membership in
                        _ = membership.joinFailed(
                            KafkaError(response.errorCode, doing: "joining the group"), memberID: response.memberId)
                    }
                    return (nil, .atOnce)
                }
                throw KafkaError(
                    response.errorCode, doing: "joining the group", broker: connection.broker, group: group)
            }
            self.logger(
                .debug, "Joined the group",
                [(.member, response.memberId), (.generation, "\(response.generationId)"), (.reason, reason)])
            self.updateMembership {
                $0.joined(memberID: response.memberId, generation: response.generationId, now: .now)
            }
            return (response, .never)
        } catch {
            let failure = KafkaError(wrapping: error, doing: "joining the group", group: group)
            let retry =
                self.updateMembership { membership in
                    // Perhaps it was not even sent.
                    if membership.wantsToJoin(as: identity) { membership.requestSent(now: .now) }
                    return membership.joinFailed(failure)
                } ?? .never
            self.report(failure, retry, group, coordinator)
            return (nil, retry)
        }
    }

    private func joinRequest(
        _ group: String, _ identity: ClassicMembershipStateMachine.Identity, _ topics: Set<String>, reason: String,
        version: Int16
    ) throws -> JoinGroupRequest {
        var request = JoinGroupRequest()
        request.groupId = group
        request.sessionTimeoutMs = self.configuration.sessionTimeout.wholeMilliseconds
        if version >= 1 { request.rebalanceTimeoutMs = self.configuration.maxPollInterval.wholeMilliseconds }
        request.memberId = identity.memberID
        request.groupInstanceId = self.configuration.groupInstanceID
        // Passed over, it would cost a rebalance at every restart, which is what it was set against.
        guard version >= 5 || request.groupInstanceId == nil else {
            throw KafkaError(
                .unsupportedVersion,
                "The broker is too old for static members (groupInstanceID), which need Kafka 2.3: leave it nil.",
                group: group)
        }
        request.protocolType = ConsumerGroupProtocol.type
        if version >= 8 { request.reason = reason }
        request.protocols = try self.configuration.assignors.map { assignor in
            var entry = JoinGroupRequest.JoinGroupRequestProtocol()
            entry.name = assignor.name
            entry.metadata = try ConsumerGroupProtocol.encode(
                GroupMemberSubscription(
                    memberID: identity.memberID, topics: topics, userData: assignor.userData(for: topics),
                    rack: self.configuration.cluster.rack))
            return entry
        }
        return request
    }

    private var lookupDeadline: MonotonicTime { self.loop.now + self.configuration.cluster.requestTimeout }

    private func report(
        _ error: KafkaError, _ retry: ClassicMembershipStateMachine.Retry, _ group: String, _ coordinator: Int32?
    ) {
        self.logger(.debug, "The group could not be joined", [(.error, error.description)])
        if retry == .newCoordinator, let coordinator {
            self.cluster.coordinatorFailed(.group, for: group, broker: coordinator)
        }
    }

    // MARK: Sync

    private func sync(
        _ group: String, _ identity: ClassicMembershipStateMachine.Identity, _ joined: JoinGroupResponse?
    ) async -> ClassicMembershipStateMachine.Retry {
        var coordinator: Int32?
        do {
            guard let joined else {
                throw KafkaError(.illegalState, "SyncGroup without JoinGroup.", group: group)
            }
            var request = SyncGroupRequest()
            request.groupId = group
            request.generationId = identity.generation
            request.memberId = identity.memberID
            let isLeader = joined.leader == joined.memberId
            if isLeader {
                request.assignments = try await self.distribute(joined)
            } else {
                self.state.withLock { $0.distributed = [:] }
                self.watchTopics()
            }
            let broker = try await self.cluster.coordinator(.group, for: group, deadline: self.lookupDeadline)
            coordinator = broker
            let connection = try await self.cluster.connection(
                to: broker, for: .coordinator, deadline: self.lookupDeadline)
            let version = try connection.versions.version(for: SyncGroupRequest.self)
            if version >= 3 { request.groupInstanceId = self.configuration.groupInstanceID }
            if version >= 5 {
                request.protocolType = ConsumerGroupProtocol.type
                request.protocolName = joined.protocolName
            }
            let response = try await connection.request(
                request,
                timeout: max(
                    self.configuration.cluster.requestTimeout, self.configuration.maxPollInterval + .seconds(5)))
            guard response.errorCode == .none else {
                throw KafkaError(
                    response.errorCode, doing: "taking the group's assignment", broker: connection.broker, group: group)
            }
            let assignment = try ConsumerGroupProtocol.decodeAssignment(response.assignment)
            // Who does not read has to begin in time, too.
            self.state.withLock { state in
                if !state.isReading, state.busySince == nil { state.busySince = self.loop.now }
            }
            self.updateMembership { $0.synced(assignment.sorted()) }
            return .never
        } catch {
            let failure = KafkaError(wrapping: error, doing: "taking the group's assignment", group: group)
            let retry = self.updateMembership { $0.syncFailed(failure) } ?? .never
            self.report(failure, retry, group, coordinator)
            return retry
        }
    }

    /// As the group's leader: gives every member its partitions.
    private func distribute(
        _ joined: JoinGroupResponse
    ) async throws -> [SyncGroupRequest.SyncGroupRequestAssignment] {
        let members = try joined.members.map { member in
            try ConsumerGroupProtocol.decodeSubscription(
                member.metadata, memberID: member.memberId, groupInstanceID: member.groupInstanceId)
        }
        let topics = members.reduce(into: Set<String>()) { $0.formUnion($1.topics) }
        self.state.withLock { $0.distributed = Dictionary(topics.map { ($0, 0) }) { $1 } }
        self.watchTopics()
        var metadata = self.cluster.metadata
        if topics.contains(where: { metadata.topics[$0] == nil }) {
            metadata = try await self.cluster.refreshedMetadata(deadline: self.lookupDeadline)
        }
        let counts = Dictionary(topics.map { ($0, metadata.topics[$0]?.partitions.count ?? 0) }) { $1 }
        self.state.withLock { $0.distributed = counts }
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

    /// As the group's leader: partitions were added to the group's topics since they were last distributed.
    func groupTopicsMayHaveChanged(_ metadata: ClusterMetadata) {
        let isChanged = self.state.withLock { state in
            state.phase == .open
                && state.distributed.contains { topic, count in
                    // A topic that no broker knows for a moment has not lost its partitions.
                    guard let known = metadata.topics[topic], !known.partitions.isEmpty else { return false }
                    return known.partitions.count != count
                }
        }
        if isChanged { self.updateMembership { $0.rebalance(because: "the partitions of the group's topics changed") } }
    }

    // MARK: Heartbeats

    /// Sends heartbeats, also while the reader is busy with its records or a callback, and watches over the poll interval.
    func sendHeartbeats() async {
        guard let group = self.configuration.groupID else { return }
        var failures = 0
        while !Task.isCancelled {
            let now = self.loop.now
            let (heartbeat, pollDeadline) = self.state.withLock { state in
                (
                    state.membership?.heartbeat(now: now) ?? .none,
                    state.pollDeadline(now: now, interval: self.configuration.maxPollInterval)
                )
            }
            if let pollDeadline, pollDeadline <= now {
                await self.pollIntervalExpired()
                continue
            }
            switch heartbeat {
            case .none:
                await self.heartbeatSignal.wait(until: pollDeadline, on: self.loop)
            case .at(let time):
                await self.heartbeatSignal.wait(until: min(time, pollDeadline ?? time), on: self.loop)
            case .send(let identity):
                do throws(KafkaError) {
                    try await self.sendHeartbeat(group, identity)
                    failures = 0
                } catch {
                    failures += 1
                    let backoff = self.cluster.backoff(failures: failures)
                    self.logger(.debug, "A heartbeat failed", [(.error, error.description)])
                    self.state.withLock { $0.membership?.heartbeatFailed(now: self.loop.now, backoff: backoff) }
                    self.updateMembership { $0.refused(error, sender: identity) }
                }
            }
        }
    }

    private func sendHeartbeat(
        _ group: String, _ identity: ClassicMembershipStateMachine.Identity
    ) async throws(KafkaError) {
        // After the session timeout the group has another coordinator, or this one has given the member up.
        let patience = min(self.configuration.sessionTimeout, self.configuration.cluster.requestTimeout)
        let deadline = self.loop.now + patience
        let coordinator = try await self.cluster.coordinator(.group, for: group, deadline: deadline)
        var request = HeartbeatRequest()
        request.groupId = group
        request.generationId = identity.generation
        request.memberId = identity.memberID
        do throws(KafkaError) {
            let connection = try await self.cluster.connection(to: coordinator, for: .coordinator, deadline: deadline)
            let version = try connection.versions.version(for: HeartbeatRequest.self)
            if version >= 3 { request.groupInstanceId = self.configuration.groupInstanceID }
            let response = try await connection.request(request, timeout: patience)
            guard response.errorCode != .none else { return }
            throw KafkaError(response.errorCode, doing: "sending a heartbeat", broker: connection.broker, group: group)
        } catch {
            switch error.brokerCode {
            case nil, ErrorCode.notCoordinator?, ErrorCode.coordinatorNotAvailable?:
                self.cluster.coordinatorFailed(.group, for: group, broker: coordinator)
            default:
                break
            }
            throw error
        }
    }

    private func pollIntervalExpired() async {
        guard let farewell = self.updateMembership({ $0.pollIntervalExpired() }) else { return }
        self.logger(
            .warning,
            """
            The consumer leaves the group: it has not asked for records within the maximum poll interval. Do less between \
            two elements, or raise maxPollInterval
            """)
        guard let farewell else { return }
        await self.send(farewell, until: self.lookupDeadline)
    }

    // MARK: Leaving

    /// Leaves the group, if this is a member of one.
    func leaveGroup(because reason: String, until deadline: MonotonicTime) async {
        guard let farewell = self.updateMembership({ $0.leave(reason: reason) }) ?? nil else { return }
        await self.send(farewell, until: deadline)
    }

    /// Best effort: the group would find out by itself when the session times out.
    private func send(_ farewell: ClassicMembershipStateMachine.Farewell, until deadline: MonotonicTime) async {
        guard let group = self.configuration.groupID else { return }
        var failures = 0
        while !Task.isCancelled {
            do throws(KafkaError) {
                try await self.sendOnce(farewell, group, until: deadline)
                return
            } catch {
                self.logger(.debug, "The group could not be left", [(.error, error.description)])
                failures += 1
                let next = self.loop.now + self.cluster.backoff(failures: failures)
                guard error.isRetriable, next < deadline else { return }
                try? await self.cluster.pause(until: next)
            }
        }
    }

    private func sendOnce(
        _ farewell: ClassicMembershipStateMachine.Farewell, _ group: String, until deadline: MonotonicTime
    ) async throws(KafkaError) {
        let coordinator = try await self.cluster.coordinator(.group, for: group, deadline: deadline)
        do throws(KafkaError) {
            // Not on the connection where a JoinGroup may be waiting for its answer.
            let connection = try await self.cluster.connection(to: coordinator, deadline: deadline)
            let version = try connection.versions.version(for: LeaveGroupRequest.self)
            var request = LeaveGroupRequest()
            request.groupId = group
            if version >= 3 {
                var member = LeaveGroupRequest.MemberIdentity()
                member.memberId = farewell.memberID
                if version >= 5 { member.reason = farewell.reason }
                request.members = [member]
            } else {
                request.memberId = farewell.memberID
            }
            let response = try await connection.request(
                request, timeout: min(deadline - self.loop.now, self.configuration.cluster.requestTimeout))
            guard response.errorCode == .none || response.errorCode == .unknownMemberId else {
                throw KafkaError(
                    response.errorCode, doing: "leaving the group", broker: connection.broker, group: group)
            }
        } catch {
            if error.isRetriable { self.cluster.coordinatorFailed(.group, for: group, broker: coordinator) }
            throw error
        }
    }
}

extension KafkaError {
    /// An error of any kind as one of ours.
    init(wrapping error: any Error, doing: String, group: String?) {
        if let error = error as? KafkaError {
            self = error
            self.group = group
        } else {
            self.init(
                .protocolError,
                "What the members of the group told each other can't be understood (\(doing)): \(error)",
                group: group, underlyingError: error)
        }
    }
}
