// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Takes partitions over and gives them up: performs the membership's steps, commits before partitions go, and calls the
/// listener.
///
/// Steps run on the task that reads, between two elements. The last ones run on the task that closes or unsubscribes.
final class PartitionHandover: Sendable {
    let core: ConsumerCore
    let commits: Committer
    let membership: (any MembershipDriver)?
    let listener: (any ConsumerRebalanceListener)?
    /// Fulfilled when closing has given up the partitions, with the listener's error if it threw.
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

    /// Does a step of a rebalance on the reader's task: commits, the listener, and then lets go or begins.
    ///
    /// An error of the listener is thrown when the step is done: the group waits for nobody's mistakes.
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
            // The callback may have unsubscribed, and have chosen other partitions since.
            guard state.membership.isAtWork(on: step) else { return false }
            switch step {
            case .revoke(let partitions), .lost(let partitions): state.subscriptions.release(partitions)
            case .assign(let partitions): state.subscriptions.arrived(partitions)
            }
            return true
        }
        // It was cancelled because the consumer is being closed: that is no error.
        if !isStillWanted, failure?.isOfCancelledCallback == true { failure = nil }
        core.updateMembership { $0.stepEnded() }
        if let owed = core.state.withLock({ $0.readerEndsStep() }) {
            let next = await self.giveUpLater(owed, for: consumer)
            failure = failure ?? next
        }
        core.wake([.fetchers, .positions, .positionWaiters])
        if case .assign = step { core.groupTopicsMayHaveChanged() }
        if let failure { throw failure }
    }
}

extension ConsumerState {
    /// Whether a step that was begun is still to be done. Somebody else may have unsubscribed since: that takes partitions
    /// back that have come, but leaves it to the reader to tell of those that go.
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
