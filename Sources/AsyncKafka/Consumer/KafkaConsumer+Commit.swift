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
    /// Commits everything handed out so far, the record or batch in hand included, and what follows it and is nothing to
    /// read: markers of transactions, or what compaction has left empty. An offset that has not changed is committed again.
    ///
    /// - Throws: `.commitFailed` if the group has rebalanced since and the partitions may be somebody else's. Errors that may
    ///   pass are tried again until the API timeout first. If several partitions were not stored, or some were and others not,
    ///   the error is one of a partition that was not, its message names them all, and its `underlyingError` is a
    ///   `PartialCommitError`.
    public func commit() async throws(KafkaError) {
        let (offsets, committer, wakening) = self.state.withLock { state in
            let wakening = state.subscriptions.passUnseen()
            return (state.subscriptions.handedOutOffsets, state.committer, wakening)
        }
        self.wake(wakening)
        try await self.commit(of: committer, deadline: self.apiDeadline) { offsets }
    }

    /// Commits that a record, and all before it in its partition, are done.
    ///
    /// - Throws: `.commitFailed` also if the record's topic was deleted and made again since.
    public func commit(_ record: ConsumerRecord) async throws(KafkaError) {
        let partition = record.topicPartition
        let own = self.state.withLock { $0.subscriptions.topicID(of: partition) }
        let id = own ?? self.cluster.metadata.topics[partition.topic]?.id ?? .zero
        if id != .zero, record.storage.topicID != .zero, id != record.storage.topicID {
            throw KafkaError(
                .commitFailed,
                "The record's topic was deleted and made again: its offset means nothing in the new topic.",
                topic: partition.topic, partition: partition.partition, group: self.configuration.groupID)
        }
        try await self.commit([
            partition: OffsetAndMetadata(offset: record.offset + 1, leaderEpoch: record.leaderEpoch)
        ])
    }

    /// Commits these offsets: for each partition the next one to read.
    ///
    /// - Throws: `.commitFailed` if topics are subscribed to and a partition is not this consumer's, or not any more;
    ///   otherwise as `commit()`.
    public func commit(_ offsets: [TopicPartition: OffsetAndMetadata]) async throws(KafkaError) {
        for (partition, offset) in offsets where offset.offset < 0 {
            throw KafkaError(
                .invalidArgument, "An offset to commit must not be negative: \(offset.offset).",
                topic: partition.topic, partition: partition.partition)
        }
        let (committer, isOwner) = self.state.withLock { state in
            // What the user says goes before what is yet to be committed by itself.
            for partition in offsets.keys { state.subscriptions.leftBehind[partition] = nil }
            return (state.committer, offsets.keys.allSatisfy { state.mayCommit($0) })
        }
        if !isOwner, let group = self.configuration.groupID { throw self.notOwned(group) }
        try await self.commit(of: committer, deadline: self.apiDeadline) { offsets }
    }

    /// Why partitions are not this consumer's to commit.
    private func notOwned(_ group: String) -> KafkaError {
        if let error = self.state.withLock({ $0.phase == .closed ? $0.isClosedError : nil }) { return error }
        guard self.cluster.isRunning else {
            return KafkaError(
                .illegalState,
                """
                The offsets were not committed: this consumer has no partitions, since nothing is running its run(). Start \
                it, or use the with… scope.
                """, group: group)
        }
        return .commitOutOfDate(group)
    }

    // MARK: By itself

    /// Commits what the reader has processed, if automatic commits are on. If that fails, the records come again.
    ///
    /// It takes a third of the time at most: the rest is the listener's.
    func commitBeforeLettingGo(until deadline: MonotonicTime) async {
        guard self.configuration.groupID != nil else { return }
        let committer = self.state.withLock { $0.committer }
        let now = self.loop.now
        do {
            try await self.commitByItself(of: committer, deadline: now + (deadline - now) / 3)
        } catch {
            guard self.configuration.enableAutoCommit else { return }
            self.logger(.warning, "The automatic commit failed; records will come again", [(.error, error.description)])
        }
    }

    /// Commits what needs no call, from time to time, and when partitions were replaced.
    func commitAutomatically() async {
        guard self.configuration.groupID != nil else { return }
        var lastFailure: KafkaError?
        while !Task.isCancelled {
            let next = self.loop.now + self.configuration.autoCommitInterval
            await self.commitSignal.wait(until: next, on: self.loop)
            let committer: ClassicMembershipStateMachine.Identity? = self.state.withLock { state in
                // While partitions are being given up, that is where they are committed.
                guard state.phase == .open, !Task.isCancelled else { return nil }
                if state.membership?.state != .idle, state.membership?.state != .stable { return nil }
                return state.committer
            }
            guard let committer else { continue }
            let deadline = self.loop.now + self.configuration.autoCommitInterval
            do {
                try await self.commitByItself(of: committer, deadline: deadline)
                lastFailure = nil
            } catch {
                // What waiting may not cure is told, once.
                let isLasting =
                    !error.isRetriable && error.code != .commitFailed || error.code == .unknownTopicOrPartition
                let isNews = lastFailure?.brokerCode != error.brokerCode || lastFailure?.topic != error.topic
                self.logger(
                    isLasting && isNews ? .warning : .debug, "The automatic commit failed; it is tried again",
                    [(.error, error.description)])
                lastFailure = error
            }
        }
    }

    /// Commits what the reader has processed, as of when it has its turn: what commits before it have stored is not taken back.
    /// Without automatic commits, those that there were are carried on over what is nothing to read.
    private func commitByItself(
        of committer: ClassicMembershipStateMachine.Identity, deadline: MonotonicTime
    ) async throws(KafkaError) {
        let isAutomatic = self.configuration.enableAutoCommit
        try await self.commit(of: committer, deadline: deadline, isAutomatic: true) {
            let now = self.loop.now
            return self.state.withLock { state in
                guard state.committer == committer else { return [:] }
                return isAutomatic
                    ? state.subscriptions.askedPastOffsets(now: now) : state.subscriptions.carriedOnOffsets
            }
        }
    }
}
