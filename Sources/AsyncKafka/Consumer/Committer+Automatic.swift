// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Automatic commits.
extension Committer {
    /// Commits what the reader has processed, if automatic commits are on. If that fails, the records are read again.
    ///
    /// It takes a third of the time at most, so that the rest remains for the listener.
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

    /// Runs the automatic commits, at every interval and after partitions were replaced.
    func run() async {
        var lastFailure: KafkaError?
        while !Task.isCancelled {
            let next = self.core.loop.now + self.core.configuration.autoCommitInterval
            await self.signal.wait(until: next, on: self.core.loop)
            let committer: CommitIdentity? = self.core.state.withLock { state in
                // While partitions are being given up, `commitBeforeLettingGo` commits their offsets.
                guard state.phase == .open, !Task.isCancelled else { return nil }
                return state.membership.isSettled ? state.membership.committer : nil
            }
            guard let committer else { continue }
            let deadline = self.core.loop.now + self.core.configuration.autoCommitInterval
            do {
                try await self.commitByItself(of: committer, deadline: deadline)
                lastFailure = nil
            } catch {
                // An error that may not pass by itself is logged as a warning, once.
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

    /// Commits what the reader has processed. The offsets are computed when the commit has its turn, so that it never
    /// takes back an earlier commit. Without automatic commits, it only moves existing commits past offsets without
    /// records.
    private func commitByItself(
        of committer: CommitIdentity, deadline: MonotonicTime
    ) async throws(KafkaError) {
        let isAutomatic = self.core.configuration.enableAutoCommit
        try await self.commit(of: committer, deadline: deadline, isAutomatic: true) {
            let now = self.core.loop.now
            return self.core.state.withLock { state in
                guard state.membership.committer?.tenure == committer.tenure else { return [:] }
                return isAutomatic
                    ? state.subscriptions.askedPastOffsets(now: now) : state.subscriptions.carriedOnOffsets
            }
        }
    }
}
