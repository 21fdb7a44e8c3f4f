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
    /// Commits everything handed out so far, the record or batch in hand included.
    ///
    /// - Throws: `.commitFailed` if the group has rebalanced since and the partitions may be somebody else's. Other errors
    ///   are tried again until the API timeout first.
    public func commit() async throws(KafkaError) {
        let (offsets, committer) = self.state.withLock { ($0.subscriptions.handedOutOffsets, $0.committer) }
        try await self.commit(of: committer, deadline: self.apiDeadline) { offsets }
    }

    /// Commits that a record, and all before it in its partition, are done.
    public func commit(_ record: ConsumerRecord) async throws(KafkaError) {
        try await self.commit([
            record.topicPartition: OffsetAndMetadata(offset: record.offset + 1, leaderEpoch: record.leaderEpoch)
        ])
    }

    /// Commits these offsets: for each partition the next one to read.
    ///
    /// - Throws: `.commitFailed` if topics are subscribed to and a partition is not this consumer's, or not any more.
    public func commit(_ offsets: [TopicPartition: OffsetAndMetadata]) async throws(KafkaError) {
        for (partition, offset) in offsets where offset.offset < 0 {
            throw KafkaError(
                .invalidArgument, "An offset to commit must not be negative: \(offset.offset).",
                topic: partition.topic, partition: partition.partition)
        }
        let (committer, isOwner) = self.state.withLock { state in
            (state.committer, offsets.keys.allSatisfy { state.mayCommit($0) })
        }
        if !isOwner, let group = self.configuration.groupID { throw .commitOutOfDate(group) }
        try await self.commit(of: committer, deadline: self.apiDeadline) { offsets }
    }

    /// Commits what was asked past, if that is wanted. It may fail: then the records come again.
    ///
    /// It takes a third of the time at most: the rest is the listener's.
    func commitBeforeLettingGo(until deadline: MonotonicTime) async {
        guard self.configuration.enableAutoCommit, self.configuration.groupID != nil else { return }
        let committer = self.state.withLock { $0.committer }
        let now = self.loop.now
        do {
            try await self.commitAskedPast(of: committer, deadline: now + (deadline - now) / 3)
        } catch {
            self.logger(.warning, "The automatic commit failed; records will come again", [(.error, error.description)])
        }
    }

    /// Commits what was asked past from time to time.
    func commitAutomatically() async {
        guard self.configuration.enableAutoCommit, self.configuration.groupID != nil else { return }
        while !Task.isCancelled {
            let next = self.loop.now + self.configuration.autoCommitInterval
            try? await self.cluster.pause(until: next)
            let committer: ClassicMembershipStateMachine.Identity? = self.state.withLock { state in
                // While partitions are being given up, that is where they are committed.
                guard state.phase == .open, !Task.isCancelled else { return nil }
                if state.membership?.state != .idle, state.membership?.state != .stable { return nil }
                return state.committer
            }
            guard let committer else { continue }
            do {
                try await self.commitAskedPast(of: committer, deadline: next + self.configuration.autoCommitInterval)
            } catch {
                self.logger(.debug, "The automatic commit failed; it is tried again", [(.error, error.description)])
            }
        }
    }

    /// Commits what was asked past by the time that other commits are through: what they have stored is not taken back.
    private func commitAskedPast(
        of committer: ClassicMembershipStateMachine.Identity, deadline: MonotonicTime
    ) async throws(KafkaError) {
        try await self.commit(of: committer, deadline: deadline, isAutomatic: true) {
            self.state.withLock { $0.committer == committer ? $0.subscriptions.askedPastOffsets : [:] }
        }
    }

    /// Commits offsets for one generation of the group.
    ///
    /// - Parameter isAutomatic: then a topic that is gone is not waited for.
    private func commit(
        of committer: ClassicMembershipStateMachine.Identity, deadline: MonotonicTime, isAutomatic: Bool = false,
        _ offsets: @escaping @Sendable () -> [TopicPartition: OffsetAndMetadata]
    ) async throws(KafkaError) {
        guard let group = self.configuration.groupID else {
            throw KafkaError(.illegalState, "Offsets are committed in a group: the configuration has no groupID.")
        }
        try await self.commitTurns.run(
            until: deadline, on: self.loop,
            orThrow: { self.cluster.timeoutError("The commit waited for another one for too long", group: group) }
        ) { () async throws(KafkaError) in
            let offsets = offsets()
            guard !offsets.isEmpty else { return }
            var failures = 0
            while true {
                try self.checkIsCurrent(committer, group)
                let failure: KafkaError
                do throws(KafkaError) {
                    try await self.sendCommit(offsets, of: committer, group, deadline: deadline)
                    self.state.withLock { state in
                        if state.committer == committer { state.subscriptions.committed(offsets) }
                    }
                    return
                } catch {
                    failure = error
                }
                guard failure.isRetriable, !(isAutomatic && failure.brokerCode == .unknownTopicOrPartition) else {
                    throw failure
                }
                failures += 1
                let next = self.loop.now + self.cluster.backoff(failures: failures)
                guard next < deadline else { throw failure }
                try await self.cluster.pause(until: next)
            }
        }
    }

    private func checkIsCurrent(
        _ committer: ClassicMembershipStateMachine.Identity, _ group: String
    ) throws(KafkaError) {
        let isCurrent = self.state.withLock { state in
            guard let membership = state.membership, membership.state != .idle else { return true }
            return membership.isMember && membership.identity == committer
        }
        if !isCurrent { throw .commitOutOfDate(group) }
    }

    private func sendCommit(
        _ offsets: [TopicPartition: OffsetAndMetadata], of committer: ClassicMembershipStateMachine.Identity,
        _ group: String, deadline: MonotonicTime
    ) async throws(KafkaError) {
        var request = OffsetCommitRequest()
        request.groupId = group
        request.generationIdOrMemberEpoch = committer.generation
        request.memberId = committer.generation < 0 ? "" : committer.memberID
        let coordinator = try await self.cluster.coordinator(.group, for: group, deadline: deadline)
        let response: OffsetCommitResponse
        do throws(KafkaError) {
            let connection = try await self.cluster.connection(to: coordinator, deadline: deadline)
            let version = try connection.versions.version(for: OffsetCommitRequest.self, atMost: 9)
            if version >= 7, committer.generation >= 0 { request.groupInstanceId = self.configuration.groupInstanceID }
            request.topics = Dictionary(grouping: offsets, by: \.key.topic).sorted { $0.key < $1.key }.map {
                name, own in
                var topic = OffsetCommitRequest.OffsetCommitRequestTopic()
                topic.name = name
                topic.partitions = own.map { partition, offset in
                    var entry = OffsetCommitRequest.OffsetCommitRequestPartition()
                    entry.partitionIndex = partition.partition
                    entry.committedOffset = offset.offset
                    if version >= 6 { entry.committedLeaderEpoch = offset.leaderEpoch ?? -1 }
                    entry.committedMetadata = offset.metadata
                    return entry
                }
                return topic
            }
            // At the deadline the wait ends, not the connection: others use it.
            let promise = Promise<OffsetCommitResponse>()
            connection.submit(
                request, version: version, timeout: self.configuration.cluster.requestTimeout
            ) { promise.fulfill($0) }
            response = try await promise.value(until: deadline, on: self.loop) {
                var error = self.cluster.timeoutError("The commit was not answered in time", group: group)
                error.isOutcomeUnknown = true
                return error
            }
        } catch {
            if error.isRetriable { self.cluster.coordinatorFailed(.group, for: group, broker: coordinator) }
            throw error
        }
        for topic in response.topics {
            for partition in topic.partitions where partition.errorCode != .none {
                throw self.commitError(
                    partition.errorCode, TopicPartition(topic.name, partition.partitionIndex), of: committer, group,
                    coordinator)
            }
        }
    }

    private func commitError(
        _ code: ErrorCode, _ partition: TopicPartition, of committer: ClassicMembershipStateMachine.Identity,
        _ group: String, _ coordinator: Int32
    ) -> KafkaError {
        let refusal = KafkaError(
            code, doing: "committing offsets", topic: partition.topic, partition: partition.partition, group: group)
        var error = refusal
        switch code {
        case .notCoordinator, .coordinatorNotAvailable:
            self.cluster.coordinatorFailed(.group, for: group, broker: coordinator)
        case .requestTimedOut, .coordinatorLoadInProgress, .unknownTopicOrPartition:
            error.isRetriable = true
        case .illegalGeneration, .unknownMemberId, .rebalanceInProgress, .fencedInstanceId:
            // The member learns of it now, not with its next heartbeat.
            self.updateMembership { $0.refused(refusal, sender: committer) }
            if code != .fencedInstanceId { return .commitOutOfDate(group, code) }
        default:
            break
        }
        return error
    }
}

extension KafkaError {
    /// A commit of a generation that is over.
    static func commitOutOfDate(_ group: String, _ code: ErrorCode? = nil) -> KafkaError {
        KafkaError(
            .commitFailed,
            """
            The offsets were not committed: the group has rebalanced, and the partitions may belong to another member. \
            Ask for the next element to take part again; what was not committed will be read again. If that happens \
            often, raise maxPollInterval or do less between two elements.
            """, brokerCode: code, group: group)
    }
}
