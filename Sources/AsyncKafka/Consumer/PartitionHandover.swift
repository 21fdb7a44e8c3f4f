// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Takes over partitions and gives them up: performs the membership's steps, commits before partitions are given up,
/// and calls the listener.
///
/// Steps run on the task that reads, between two elements. The last one may run on the task that closes the consumer or
/// unsubscribes.
final class PartitionHandover: Sendable {
    let core: ConsumerCore
    let commits: Committer
    let membership: (any MembershipDriver)?
    let listener: (any ConsumerRebalanceListener)?
    /// Fulfilled when closing has given up the partitions; it fails with the listener's error.
    let released = Promise<Void>()

    init(
        _ core: ConsumerCore, _ commits: Committer, _ membership: (any MembershipDriver)?,
        listener: (any ConsumerRebalanceListener)?
    ) {
        self.core = core
        self.commits = commits
        self.membership = membership
        self.listener = listener
    }

    /// Performs a step of a rebalance on the reader's task: commits, calls the listener, and then gives up the
    /// partitions or starts fetching them.
    ///
    /// An error of the listener is thrown after the step has been completed, so that it doesn't delay the group.
    func perform(_ step: RebalanceStep, for consumer: KafkaConsumer) async throws(KafkaError) {
        let core = self.core
        let metadata = core.cluster.metadata
        let isWanted = core.state.withLock { state in
            guard state.isToBeDone(step) else { return false }
            state.readerBeginsStep(now: core.loop.now)
            switch step {
            case .revoke(let partitions), .lost(let partitions):
                // Otherwise partitions of these names have been chosen since.
                if state.membership.isAtWork(on: step) { state.subscriptions.beginRevoking(partitions) }
            case .assign(let partitions):
                state.subscriptions.add(partitions, arriving: true)
                _ = state.subscriptions.metadataChanged(metadata)
            }
            return true
        }
        guard isWanted else { return }
        core.wake([.clocks])
        let begun = core.loop.now
        self.log(step)
        switch step {
        case .revoke:
            await self.commits.commitBeforeLettingGo(until: core.loop.now + core.configuration.maxPollInterval)
        case .assign:
            core.watchTopics()
            core.wake([.positions])
        case .lost: break
        }
        var failure = await self.callOnReader(step, for: consumer)
        let isStillWanted = core.state.withLock { state in
            // The callback may have unsubscribed and assigned other partitions.
            guard state.membership.isAtWork(on: step) else { return false }
            switch step {
            case .revoke(let partitions), .lost(let partitions): state.subscriptions.release(partitions)
            case .assign(let partitions): state.subscriptions.arrived(partitions)
            }
            return true
        }
        // A callback that was cancelled because the consumer closes isn't an error.
        if !isStillWanted, failure?.isOfCancelledCallback == true { failure = nil }
        core.updateMembership { $0.stepEnded() }
        if let owed = core.state.withLock({ $0.readerEndsStep() }) {
            let next = await self.giveUpLater(owed, for: consumer)
            failure = failure ?? next
        }
        core.wake([.fetchers, .positions, .positionWaiters])
        self.tell(of: step, begun: begun)
        if case .assign = step { core.groupTopicsMayHaveChanged() }
        if let failure { throw failure }
    }
}

extension ConsumerState {
    /// Whether a step that has begun is still to be performed. An `unsubscribe()` since then takes back assigned
    /// partitions, but the reader still has to report those that are revoked or lost.
    func isToBeDone(_ step: RebalanceStep) -> Bool {
        guard case .assign = step else { return true }
        return self.membership.isAtWork(on: step)
    }
}

extension KafkaError {
    /// Whether a callback threw because it was cancelled.
    fileprivate var isOfCancelledCallback: Bool {
        self.underlyingError is CancellationError || (self.underlyingError as? KafkaError)?.code == .cancelled
    }
}
