// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Offsets that are committed in transactions, and plain commits, which keep out of them.
extension Committer {
    /// The identity under which offsets are added to transactions.
    func identityForTransaction() throws(KafkaError) -> CommitIdentity {
        guard let identity = self.core.state.withLock({ $0.membership.committer }) else {
            throw KafkaError(.illegalState, "Offsets are committed in a group: the configuration has no groupID.")
        }
        guard !self.core.configuration.enableAutoCommit else {
            throw KafkaError(
                .illegalState,
                "The consumer commits automatically, beside the transaction: set enableAutoCommit to false.",
                group: identity.group)
        }
        return identity
    }

    /// Lets offsets be committed only in transactions, until `releaseFromTransactions`, and waits until a commit that is under way has
    /// ended. A commit beside a transaction could replace the offsets that are in it.
    func reserveForTransactions() async throws(KafkaError) {
        let group = try self.identityForTransaction().group
        let isFirst = self.core.state.withLock { state in
            defer { state.isInTransactions = true }
            return !state.isInTransactions
        }
        guard isFirst else {
            throw KafkaError(
                .illegalState, "The consumer is being processed in transactions already.", group: group)
        }
        do throws(KafkaError) {
            let deadline = self.core.apiDeadline
            try await self.inTurn(until: deadline, group: group) { () async throws(KafkaError) in
                try await self.passUnansweredCommits(of: group, until: deadline)
            }
        } catch {
            self.releaseFromTransactions()
            throw error
        }
    }

    /// Waits until the coordinator has processed commits whose wait has ended without an answer. It processes the requests of a
    /// connection in their order, so its answer to a later one says so.
    private func passUnansweredCommits(of group: String, until deadline: MonotonicTime) async throws(KafkaError) {
        let partitions = self.core.state.withLock { Array($0.unansweredCommits) }
        guard !partitions.isEmpty else { return }
        let call = OffsetFetchCall(group: group, pending: .ignored)
        let found = await self.core.cluster.perform(call, for: partitions, deadline: deadline)
        for result in found.values { _ = try result.get() }
        self.core.state.withLock { $0.unansweredCommits.subtract(partitions) }
    }

    func releaseFromTransactions() { self.core.state.withLock { $0.isInTransactions = false } }

    /// Moves partitions back to where a transaction that was aborted began, unless they were given up since.
    func goBack(to offsets: [TopicPartition: Int64]) {
        self.move { subscriptions in
            for (partition, offset) in offsets { subscriptions.goBack(partition, to: offset) }
        }
    }

    /// Moves partitions back to the last commit after an aborted transaction, unless they were given up since.
    ///
    /// - Parameter isUndecided: whether the transaction may be committed.
    func goBack(_ partitions: some Sequence<TopicPartition>, isUndecided: Bool = false) {
        self.move { subscriptions in
            for partition in partitions { subscriptions.goBackToCommitted(partition, isUndecided: isUndecided) }
        }
    }

    /// Looks up the group's offsets of assigned partitions again, from which nothing was read yet.
    func lookUpCommittedAgain() { self.move { $0.lookUpCommittedAgain() } }

    /// Notes that a transaction with offsets is committed.
    func committedInTransaction(_ offsets: [TopicPartition: OffsetAndMetadata]) {
        self.move { $0.committedInTransaction(offsets) }
    }

    private func move(_ change: (inout SubscriptionState) -> Void) {
        self.core.state.withLock { change(&$0.subscriptions) }
        self.core.wake([.fetchers, .positions, .positionWaiters])
    }

    /// Checks that offsets may be added to a transaction.
    ///
    /// - Returns: The identity to commit under, and the ids of the topics, or nil if one of them isn't known.
    func prepareForTransaction(
        _ offsets: [TopicPartition: OffsetAndMetadata], as identity: CommitIdentity
    ) throws(KafkaError) -> (identity: CommitIdentity, topicIDs: [String: KafkaUUID]?) {
        for (partition, offset) in offsets where offset.offset < 0 {
            throw KafkaError(
                .invalidArgument, "An offset to commit must not be negative: \(offset.offset).",
                topic: partition.topic, partition: partition.partition)
        }
        let isOwner = self.core.state.withLock { state in offsets.keys.allSatisfy { state.mayCommit($0) } }
        if !isOwner { throw self.notOwned(identity.group) }
        let current = try self.currentIdentity(of: identity)
        return (current, self.topicIDs(of: offsets.keys))
    }

    /// The error of a plain commit while the consumer is processed in transactions.
    func refusedInTransactions(_ group: String) -> KafkaError {
        KafkaError(
            .illegalState,
            "The consumer's offsets are committed by the producer that processes it, and by nothing else meanwhile.",
            group: group)
    }
}
