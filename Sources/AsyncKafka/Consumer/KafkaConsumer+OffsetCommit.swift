// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// OffsetCommit: requests, their answers, and what is sent again.
extension KafkaConsumer {
    /// Commits offsets for one generation of the group.
    ///
    /// - Parameter isAutomatic: then a topic that is gone is not waited for.
    func commit(
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
            var commit = OffsetCommitProgress(offsets())
            // As of now: what has been read of a topic is not to be committed in one that takes its name later.
            let topicIDs = self.topicIDs(of: commit.remaining.keys)
            var failures = 0
            while !commit.remaining.isEmpty {
                do throws(KafkaError) {
                    try self.checkIsCurrent(committer, group)
                    self.refuseMadeAgain(in: &commit, topicIDs, group)
                    try await self.send(&commit, topicIDs, of: committer, group, deadline: deadline)
                    if !isAutomatic { await self.refuseUnknown(in: &commit, deadline: deadline) }
                } catch {
                    commit.requestFailed(error)
                }
                if isAutomatic { commit.refuseUnknown() }
                if commit.remaining.isEmpty || commit.isOver { break }
                failures += 1
                let next = self.loop.now + self.cluster.backoff(failures: failures)
                guard next < deadline else { break }
                do throws(KafkaError) {
                    try await self.cluster.pause(until: next)
                } catch {
                    commit.requestFailed(error)
                    break
                }
            }
            if let failure = commit.failure { throw failure }
        }
    }

    private func checkIsCurrent(
        _ committer: ClassicMembershipStateMachine.Identity, _ group: String
    ) throws(KafkaError) {
        let isCurrent = self.state.withLock { state in
            switch state.subscriptions.subscription {
            // Whoever chooses partitions by hand is in no generation, also while it closes.
            case .none, .partitions: return committer.generation < 0
            case .topics, .pattern: break
            }
            guard let membership = state.membership, membership.state != .idle else { return true }
            return membership.isMember && membership.identity == committer
        }
        if !isCurrent { throw .commitOutOfDate(group) }
    }

    /// Sends what remains, once.
    private func send(
        _ commit: inout OffsetCommitProgress, _ topicIDs: [String: KafkaUUID]?,
        of committer: ClassicMembershipStateMachine.Identity, _ group: String, deadline: MonotonicTime
    ) async throws(KafkaError) {
        guard !commit.remaining.isEmpty else { return }
        let coordinator = try await self.cluster.coordinator(.group, for: group, deadline: deadline)
        let response: OffsetCommitResponse
        do throws(KafkaError) {
            let connection = try await self.cluster.connection(to: coordinator, deadline: deadline)
            // By id, so that what was read of a topic is not committed in another one that has its name by now.
            let version = try connection.versions.version(
                for: OffsetCommitRequest.self, atMost: topicIDs == nil ? 9 : 10)
            let request = self.commitRequest(
                commit.remaining, of: committer, group, topicIDs: topicIDs ?? [:], version: version)
            response = try await self.cluster.request(
                request, version: version, on: connection, deadline: deadline)
        } catch {
            self.cluster.coordinatorFailed(.group, for: group, broker: coordinator, because: error)
            throw error
        }
        let names = Dictionary((topicIDs ?? [:]).map { ($0.value, $0.key) }) { $1 }
        for topic in response.topics {
            let name = topic.name.isEmpty ? names[topic.topicId] ?? "" : topic.name
            for partition in topic.partitions {
                let partition = (TopicPartition(name, partition.partitionIndex), partition.errorCode)
                try self.take(partition.1, of: partition.0, &commit, committer, group, coordinator)
            }
        }
        let stored = commit.answered(group: group)
        let now = self.loop.now
        self.state.withLock { state in
            // Meanwhile it may have become known that the topic is another one.
            let current = stored.filter { partition, _ in
                guard let id = topicIDs?[partition.topic], let own = state.subscriptions.topicID(of: partition) else {
                    return true
                }
                return id == own
            }
            if state.committer == committer { state.subscriptions.committed(current, now: now) }
        }
    }

    private func commitRequest(
        _ offsets: [TopicPartition: OffsetAndMetadata], of committer: ClassicMembershipStateMachine.Identity,
        _ group: String, topicIDs: [String: KafkaUUID], version: Int16
    ) -> OffsetCommitRequest {
        var request = OffsetCommitRequest()
        request.groupId = group
        request.generationIdOrMemberEpoch = committer.generation
        request.memberId = committer.generation < 0 ? "" : committer.memberID
        if version >= 7, committer.generation >= 0 { request.groupInstanceId = self.configuration.groupInstanceID }
        request.topics = Dictionary(grouping: offsets, by: \.key.topic).sorted { $0.key < $1.key }.map { name, own in
            var topic = OffsetCommitRequest.OffsetCommitRequestTopic()
            if version >= 10 { topic.topicId = topicIDs[name] ?? .zero } else { topic.name = name }
            topic.partitions = own.map { partition, offset in
                var entry = OffsetCommitRequest.OffsetCommitRequestPartition()
                entry.partitionIndex = partition.partition
                entry.committedOffset = offset.offset
                if version >= 6 { entry.committedLeaderEpoch = offset.leaderEpoch.map { max($0, -1) } ?? -1 }
                entry.committedMetadata = offset.metadata
                return entry
            }
            return topic
        }
        return request
    }

    /// The ids of the topics that the positions were reached in; nil if one of them isn't known.
    private func topicIDs(of partitions: some Sequence<TopicPartition>) -> [String: KafkaUUID]? {
        let metadata = self.cluster.metadata
        return self.state.withLock { state in
            var ids: [String: KafkaUUID] = [:]
            for partition in partitions {
                let known = state.subscriptions.topicID(of: partition) ?? metadata.topics[partition.topic]?.id
                guard let known, known != .zero, ids[partition.topic] ?? known == known else { return nil }
                ids[partition.topic] = known
            }
            return ids
        }
    }

    /// Gives up what was read of a topic that is known to have been made again since.
    private func refuseMadeAgain(
        in commit: inout OffsetCommitProgress, _ topicIDs: [String: KafkaUUID]?, _ group: String
    ) {
        guard let topicIDs else { return }
        let current = self.state.withLock { state in
            commit.remaining.keys.map { (partition: $0, id: state.subscriptions.topicID(of: $0)) }
        }
        for (partition, id) in current {
            guard let id, let old = topicIDs[partition.topic], id != old else { continue }
            let error = KafkaError(
                .unknownTopicId, doing: "committing offsets", topic: partition.topic, partition: partition.partition,
                group: group)
            commit.wasRefused(partition, error, mayHeal: false)
        }
    }

    /// Takes the answer for one partition. Throws what concerns the whole commit.
    private func take(
        _ code: ErrorCode, of partition: TopicPartition, _ commit: inout OffsetCommitProgress,
        _ committer: ClassicMembershipStateMachine.Identity, _ group: String, _ coordinator: Int32
    ) throws(KafkaError) {
        guard code != .none else {
            commit.wasStored(partition)
            return
        }
        let refusal = KafkaError(
            code, doing: "committing offsets", topic: partition.topic, partition: partition.partition, group: group)
        switch code {
        case .notCoordinator, .coordinatorNotAvailable:
            self.cluster.coordinatorFailed(.group, for: group, broker: coordinator, because: refusal)
            commit.wasRefused(partition, refusal, mayHeal: true)
        case .coordinatorLoadInProgress, .requestTimedOut, .notEnoughReplicas, .notEnoughReplicasAfterAppend,
            .kafkaStorageError, .throttlingQuotaExceeded, .unknownTopicOrPartition, .unknownTopicId:
            commit.wasRefused(partition, refusal, mayHeal: true)
        case .illegalGeneration, .unknownMemberId, .rebalanceInProgress, .fencedInstanceId:
            // The member learns of it now, not with its next heartbeat.
            self.updateMembership { $0.refused(refusal, sender: committer) }
            if code == .fencedInstanceId { throw refusal }
            throw committer.generation < 0 ? .commitByNoMember(group, code) : .commitOutOfDate(group, code)
        default:
            // The same request would be refused in the same way.
            commit.wasRefused(partition, refusal, mayHeal: false)
        }
    }

    /// A topic that the coordinator doesn't know may be a new one, which it is yet to hear of. If no other broker knows it
    /// either, or not under that id, waiting is of no use.
    private func refuseUnknown(in commit: inout OffsetCommitProgress, deadline: MonotonicTime) async {
        let unknown = commit.unknown
        guard !unknown.isEmpty else { return }
        // So that the question names them.
        for partition in unknown { _ = self.cluster.topicIfKnown(partition.topic) }
        let limit = min(deadline, self.loop.now + self.configuration.cluster.requestTimeout)
        guard let metadata = try? await self.cluster.refreshedMetadata(deadline: limit) else { return }
        let ids = self.state.withLock { state in
            Dictionary(unknown.map { ($0, state.subscriptions.topicID(of: $0)) }) { $1 }
        }
        commit.refuseUnknown { partition in
            guard let topic = metadata.topics[partition.topic], topic.error == .none,
                topic.partition(partition.partition) != nil
            else { return true }
            guard let id = ids[partition] ?? nil, topic.id != .zero else { return false }
            return id != topic.id
        }
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

    /// A commit of a consumer that is no member, in a group that has some.
    static func commitByNoMember(_ group: String, _ code: ErrorCode) -> KafkaError {
        KafkaError(
            .commitFailed,
            """
            The offsets were not committed: the group has members, and only they commit in it. Choose another groupID for \
            partitions chosen with assign, or subscribe to their topics.
            """, brokerCode: code, group: group)
    }
}
