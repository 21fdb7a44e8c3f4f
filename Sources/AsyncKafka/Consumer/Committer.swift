// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Commits offsets in the group, for users and automatically.
final class Committer: Sendable {
    let core: ConsumerCore
    /// Wakes the automatic commits before the interval has elapsed.
    let signal: Signal
    /// Commits run one after the other, so that none overtakes one that is being retried.
    private let turns = TurnQueue()

    init(_ core: ConsumerCore, signal: Signal) {
        self.core = core
        self.signal = signal
    }

    // MARK: Commits of users

    func commitHandedOut() async throws(KafkaError) {
        let (offsets, committer, wakening) = self.core.state.withLock { state in
            let wakening = state.subscriptions.passUnseen()
            return (state.subscriptions.handedOutOffsets, state.membership.committer, wakening)
        }
        self.core.wake(wakening)
        try await self.commit(of: committer, deadline: self.core.apiDeadline) { offsets }
    }

    /// Throws if the record's topic was deleted and created again: its offset has no meaning in the new topic.
    func checkTopic(of record: ConsumerRecord) throws(KafkaError) {
        let partition = record.topicPartition
        let own = self.core.state.withLock { $0.subscriptions.topicID(of: partition) }
        let id = own ?? self.core.cluster.metadata.topics[partition.topic]?.id ?? .zero
        if id != .zero, record.storage.topicID != .zero, id != record.storage.topicID {
            throw KafkaError(
                .commitFailed,
                "The record's topic was deleted and made again: its offset means nothing in the new topic.",
                topic: partition.topic, partition: partition.partition, group: self.core.configuration.groupID)
        }
    }

    func commit(_ offsets: [TopicPartition: OffsetAndMetadata]) async throws(KafkaError) {
        let (committer, isOwner) = self.core.state.withLock { state in
            // The user's offsets replace those that are still to be committed automatically.
            for partition in offsets.keys { state.subscriptions.leftBehind[partition] = nil }
            return (state.membership.committer, offsets.keys.allSatisfy { state.mayCommit($0) })
        }
        if !isOwner, let committer { throw self.notOwned(committer.group) }
        try await self.commit(of: committer, deadline: self.core.apiDeadline) { offsets }
    }

    /// The error of a commit for partitions that this consumer doesn't own.
    func notOwned(_ group: String) -> KafkaError {
        if let error = self.core.state.withLock({ $0.phase == .closed ? $0.isClosedError : nil }) { return error }
        guard self.core.cluster.isRunning else {
            return KafkaError(
                .illegalState,
                """
                The offsets were not committed: this consumer has no partitions, since nothing is running its run(). Start \
                it, or use the with… scope.
                """, group: group)
        }
        return .commitOutOfDate(group)
    }

    // MARK: Requests

    /// Commits offsets for one generation of the group.
    ///
    /// - Parameter isAutomatic: whether this is an automatic commit, which doesn't wait for a topic that is gone.
    func commit(
        of committer: CommitIdentity?, deadline: MonotonicTime, isAutomatic: Bool = false,
        _ offsets: @escaping @Sendable () -> [TopicPartition: OffsetAndMetadata]
    ) async throws(KafkaError) {
        guard let committer else {
            throw KafkaError(.illegalState, "Offsets are committed in a group: the configuration has no groupID.")
        }
        if self.core.state.withLock({ $0.isInTransactions }) {
            if isAutomatic { return }
            throw self.refusedInTransactions(committer.group)
        }
        let begun = self.core.loop.now
        do throws(KafkaError) {
            let committed = try await self.commitInTurn(
                of: committer, deadline: deadline, isAutomatic: isAutomatic, offsets)
            guard !committed.isEmpty else { return }
            let now = self.core.loop.now
            self.core.state.withLock { $0.tally.committed(in: now - begun, now: now) }
            self.core.events(
                .offsetsCommitted(
                    KafkaEvent.OffsetsCommitted(
                        group: committer.group, offsets: committed.mapValues(\.offset),
                        duration: now - begun)))
        } catch {
            let now = self.core.loop.now
            self.core.state.withLock { $0.tally.commitFailed(now: now) }
            self.core.events(
                .commitFailed(
                    KafkaEvent.CommitFailed(
                        group: committer.group, error: error, duration: now - begun)))
            throw error
        }
    }

    /// Commits when earlier commits have ended. Returns what was committed.
    private func commitInTurn(
        of committer: CommitIdentity, deadline: MonotonicTime, isAutomatic: Bool,
        _ offsets: @escaping @Sendable () -> [TopicPartition: OffsetAndMetadata]
    ) async throws(KafkaError) -> [TopicPartition: OffsetAndMetadata] {
        try await self.inTurn(until: deadline, group: committer.group) { () async throws(KafkaError) in
            // Asked again in turn: who reserves the commits for transactions waits only for those before.
            if self.core.state.withLock({ $0.isInTransactions }) {
                if isAutomatic { return [:] }
                throw self.refusedInTransactions(committer.group)
            }
            let offsets = offsets()
            var commit = OffsetCommitProgress(offsets)
            // The ids are read now, so that offsets of a topic are not committed to one that takes its name later.
            let topicIDs = self.topicIDs(of: commit.remaining.keys)
            var failures = 0
            while !commit.remaining.isEmpty {
                do throws(KafkaError) {
                    let current = try self.currentIdentity(of: committer)
                    self.refuseMadeAgain(in: &commit, topicIDs, committer)
                    try await self.send(&commit, topicIDs, of: current, deadline: deadline)
                    if !isAutomatic { await self.refuseUnknown(in: &commit, deadline: deadline) }
                } catch {
                    self.noteUnanswered(commit, error)
                    commit.requestFailed(error)
                }
                if isAutomatic { commit.refuseUnknown() }
                if commit.remaining.isEmpty || commit.isOver { break }
                failures += 1
                let next = self.core.loop.now + self.core.cluster.backoff(failures: failures)
                guard next < deadline else { break }
                do throws(KafkaError) {
                    try await self.core.cluster.pause(until: next)
                } catch {
                    commit.requestFailed(error)
                    break
                }
            }
            if let failure = commit.failure { throw failure }
            return offsets
        }
    }

    /// Remembers a commit that may yet reach the coordinator.
    private func noteUnanswered(_ commit: OffsetCommitProgress, _ error: KafkaError) {
        guard error.isOutcomeUnknown || error.code == .cancelled else { return }
        self.core.state.withLock { $0.unansweredCommits.formUnion(commit.remaining.keys) }
    }

    /// Runs `body` when earlier commits have ended.
    func inTurn<Value>(
        until deadline: MonotonicTime, group: String, _ body: () async throws(KafkaError) -> Value
    ) async throws(KafkaError) -> Value {
        try await self.turns.run(
            until: deadline, on: self.core.loop,
            orThrow: { self.core.cluster.timeoutError("The commit waited for another one for too long", group: group) },
            body)
    }

    /// Returns the identity under which a commit is made now that was prepared by `committer`.
    func currentIdentity(of committer: CommitIdentity) throws(KafkaError) -> CommitIdentity {
        let current: CommitIdentity? = self.core.state.withLock { state in
            switch state.subscriptions.subscription {
            // A consumer with assigned partitions has no generation, also while it closes.
            case .none, .partitions: committer.isMember ? nil : committer
            case .topics, .pattern: state.membership.identity(continuing: committer)
            }
        }
        guard let current else { throw .commitOutOfDate(committer.group) }
        return current
    }

    /// Sends the remaining offsets once.
    private func send(
        _ commit: inout OffsetCommitProgress, _ topicIDs: [String: KafkaUUID]?,
        of committer: CommitIdentity, deadline: MonotonicTime
    ) async throws(KafkaError) {
        guard !commit.remaining.isEmpty else { return }
        var call = OffsetCommitCall(group: committer.group, offsets: commit.remaining, topicIDs: topicIDs)
        if committer.isMember {
            call.memberID = committer.memberID
            call.generation = committer.epoch
            call.instanceID = committer.instanceID
        }
        let outcomes = try await self.core.cluster.attempt(call, for: Array(commit.remaining.keys), deadline: deadline)
        for (partition, outcome) in outcomes {
            switch outcome {
            case .done: commit.wasStored(partition)
            case .again(let refusal), .elsewhere(let refusal): commit.wasRefused(partition, refusal, mayHeal: true)
            case .failed(let refusal): try self.take(refusal, of: partition, &commit, committer)
            }
        }
        let stored = commit.answered(group: committer.group)
        let now = self.core.loop.now
        self.core.state.withLock { state in
            // By now the topic may be known to be a different one.
            let current = stored.filter { partition, _ in
                guard let id = topicIDs?[partition.topic], let own = state.subscriptions.topicID(of: partition) else {
                    return true
                }
                return id == own
            }
            if state.membership.committer?.tenure == committer.tenure {
                state.subscriptions.committed(current, now: now)
            }
        }
    }

    /// Returns the ids of the topics that the offsets belong to, or nil if one of them isn't known.
    func topicIDs(of partitions: some Sequence<TopicPartition>) -> [String: KafkaUUID]? {
        let metadata = self.core.cluster.metadata
        return self.core.state.withLock { state in
            var ids: [String: KafkaUUID] = [:]
            for partition in partitions {
                let known = state.subscriptions.topicID(of: partition) ?? metadata.topics[partition.topic]?.id
                guard let known, known != .zero, ids[partition.topic] ?? known == known else { return nil }
                ids[partition.topic] = known
            }
            return ids
        }
    }

    /// Refuses the offsets of topics that are known to have been recreated since.
    private func refuseMadeAgain(
        in commit: inout OffsetCommitProgress, _ topicIDs: [String: KafkaUUID]?, _ committer: CommitIdentity
    ) {
        guard let topicIDs else { return }
        let current = self.core.state.withLock { state in
            commit.remaining.keys.map { (partition: $0, id: state.subscriptions.topicID(of: $0)) }
        }
        for (partition, id) in current {
            guard let id, let old = topicIDs[partition.topic], id != old else { continue }
            let error = KafkaError(
                .unknownTopicId, doing: "committing offsets", topic: partition.topic, partition: partition.partition,
                group: committer.group)
            commit.wasRefused(partition, error, mayHeal: false)
        }
    }

    /// Processes a refusal that the same request would get again. Throws if it concerns the whole commit.
    private func take(
        _ refusal: KafkaError, of partition: TopicPartition, _ commit: inout OffsetCommitProgress,
        _ committer: CommitIdentity
    ) throws(KafkaError) {
        switch refusal.brokerCode ?? .none {
        case .unknownTopicOrPartition, .unknownTopicId:
            // The coordinator may not know a new topic yet.
            commit.wasRefused(partition, refusal, mayHeal: true)
        case .illegalGeneration, .unknownMemberId, .rebalanceInProgress, .fencedInstanceId, .staleMemberEpoch,
            .fencedMemberEpoch:
            // The member is notified now instead of with its next heartbeat.
            let isRepeated = self.core.updateMembership { membership in
                membership.refused(refusal, sender: committer)
                return membership.outlasts(refusal, of: committer)
            }
            if isRepeated { return commit.wasRefused(partition, refusal, mayHeal: true) }
            guard let code = refusal.brokerCode, code != .fencedInstanceId else { throw refusal }
            throw committer.isMember
                ? .commitOutOfDate(committer.group, code) : .commitByNoMember(committer.group, code)
        default:
            commit.wasRefused(partition, refusal, mayHeal: false)
        }
    }

    /// Refuses the offsets of topics that are gone. A topic that the coordinator doesn't know yet is retried, unless
    /// the other brokers don't know it either or know it with another id.
    private func refuseUnknown(in commit: inout OffsetCommitProgress, deadline: MonotonicTime) async {
        let unknown = commit.unknown
        guard !unknown.isEmpty else { return }
        // This includes the topics in the metadata request.
        for partition in unknown { _ = self.core.cluster.topicIfKnown(partition.topic) }
        let limit = min(deadline, self.core.loop.now + self.core.configuration.cluster.requestTimeout)
        guard let metadata = try? await self.core.cluster.refreshedMetadata(deadline: limit) else { return }
        let ids = self.core.state.withLock { state in
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
    /// The error of a commit for a generation that has ended.
    static func commitOutOfDate(_ group: String, _ code: ErrorCode? = nil) -> KafkaError {
        KafkaError(
            .commitFailed,
            """
            The offsets were not committed: the group has rebalanced, and the partitions may belong to another member. \
            Ask for the next element to take part again; what was not committed will be read again. If that happens \
            often, raise maxPollInterval or do less between two elements.
            """, brokerCode: code, group: group)
    }

    /// The error of a commit by a consumer that isn't a member of a group with members.
    static func commitByNoMember(_ group: String, _ code: ErrorCode) -> KafkaError {
        KafkaError(
            .commitFailed,
            """
            The offsets were not committed: the group has members, and only they commit in it. Choose another groupID for \
            partitions chosen with assign, or subscribe to their topics.
            """, brokerCode: code, group: group)
    }
}
