// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Automatic commits.
extension Committer {
    /// Commits what the reader has processed, if automatic commits are on. If that fails, the records come again.
    ///
    /// It takes a third of the time at most: the rest is the listener's.
    func commitBeforeLettingGo(until deadline: MonotonicTime) async {
        guard let committer = self.core.state.withLock({ $0.membership.committer }) else { return }
        let now = self.core.loop.now
        do {
            try await self.commitByItself(of: committer, deadline: now + (deadline - now) / 3)
        } catch {
            guard self.core.configuration.enableAutoCommit else { return }
            self.core.logger(
                .warning, "The automatic commit failed; records will come again", [(.error, error.description)])
        }
    }

    /// Commits what needs no call, from time to time, and when partitions were replaced.
    func run() async {
        var lastFailure: KafkaError?
        while !Task.isCancelled {
            let next = self.core.loop.now + self.core.configuration.autoCommitInterval
            await self.signal.wait(until: next, on: self.core.loop)
            let committer: CommitIdentity? = self.core.state.withLock { state in
                // While partitions are being given up, that is where they are committed.
                guard state.phase == .open, !Task.isCancelled else { return nil }
                return state.membership.isSettled ? state.membership.committer : nil
            }
            guard let committer else { continue }
            let deadline = self.core.loop.now + self.core.configuration.autoCommitInterval
            do {
                try await self.commitByItself(of: committer, deadline: deadline)
                lastFailure = nil
            } catch {
                // What waiting may not cure is told, once.
                let isLasting =
                    !error.isRetriable && error.code != .commitFailed || error.code == .unknownTopicOrPartition
                let isNews = lastFailure?.brokerCode != error.brokerCode || lastFailure?.topic != error.topic
                self.core.logger(
                    isLasting && isNews ? .warning : .debug, "The automatic commit failed; it is tried again",
                    [(.error, error.description)])
                lastFailure = error
            }
        }
    }

    /// Commits what the reader has processed, as of when it has its turn: what commits before it have stored is not taken back.
    /// Without automatic commits, those that there were are carried on over what is nothing to read.
    private func commitByItself(
        of committer: CommitIdentity, deadline: MonotonicTime
    ) async throws(KafkaError) {
        let isAutomatic = self.core.configuration.enableAutoCommit
        try await self.commit(of: committer, deadline: deadline, isAutomatic: true) {
            let now = self.core.loop.now
            return self.core.state.withLock { state in
                guard state.membership.committer == committer else { return [:] }
                return isAutomatic
                    ? state.subscriptions.askedPastOffsets(now: now) : state.subscriptions.carriedOnOffsets
            }
        }
    }
}
