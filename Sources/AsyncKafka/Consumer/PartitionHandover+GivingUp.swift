// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Giving up all partitions: by the reader at the end of its sequence, by `run()`, or by `unsubscribe()`.
extension PartitionHandover {
    /// Gives up all partitions once: either the reader calls this at the end of its sequence, or `run()` does.
    func letGo(for consumer: KafkaConsumer) async throws(KafkaError) {
        let begun: (RebalanceStep?, MonotonicTime)? = self.core.state.withLock { state in
            guard case .closing(let schedule) = state.phase else { return nil }
            state.phase = .releasing(schedule)
            let step = state.membership.prepareToLeave()
            return (state.takeOwedStep() ?? step, schedule.release)
        }
        guard let (step, deadline) = begun else { return }
        let failure = await self.giveUp(step, for: consumer, until: deadline)
        if let failure {
            self.released.fulfill(.failure(failure))
            throw failure
        }
        self.released.fulfill(.success(()))
    }

    /// Commits, calls the listener, and removes the partitions.
    func giveUp(
        _ step: RebalanceStep?, for consumer: KafkaConsumer, until deadline: MonotonicTime
    ) async -> KafkaError? {
        var failure: KafkaError?
        let begun = self.core.loop.now
        if let step {
            self.log(step)
            self.core.state.withLock { $0.subscriptions.beginRevoking(step.partitions) }
        }
        if step?.isLoss != true { await self.commitAtLast(until: deadline) }
        if let step, self.isTold(at: step), await self.endCallback(until: deadline) {
            failure = await self.call(step, for: consumer, until: deadline)
        }
        self.core.state.withLock { state in
            for partition in state.subscriptions.assignment { state.subscriptions.remove(partition) }
        }
        if let step { self.tell(of: step, begun: begun) }
        return failure
    }

    /// Whether the listener is called for a step when the consumer stops.
    private func isTold(at step: RebalanceStep) -> Bool {
        step.isLoss || self.core.configuration.callRevokedOnLeave
    }

    /// Makes the last automatic commit, if a broker can be reached.
    private func commitAtLast(until deadline: MonotonicTime) async {
        let isAutomatic = self.core.configuration.enableAutoCommit
        let now = self.core.loop.now
        let offsets = self.core.state.withLock { state in
            isAutomatic ? state.subscriptions.askedPastOffsets(now: now) : state.subscriptions.carriedOnOffsets
        }
        guard self.core.configuration.groupID != nil, !offsets.isEmpty else { return }
        let isDone: Void? = await self.core.cluster.whileReachable(until: deadline) {
            await self.commits.commitBeforeLettingGo(until: deadline)
        }
        guard isDone == nil, isAutomatic else { return }
        self.core.logger(
            .warning, "What was read last is not committed, and will come again",
            [(.error, self.core.cluster.timeoutError("The commit was not made in time").description)])
    }

    /// Performs the step that `unsubscribe()` inside a callback has left until the callback returned.
    func giveUpLater(_ step: RebalanceStep, for consumer: KafkaConsumer) async -> KafkaError? {
        let schedule = ClosingSchedule(from: self.core.loop.now, within: self.core.configuration.closeTimeout)
        self.log(step)
        let begun = self.core.loop.now
        let failure = self.isTold(at: step) ? await self.call(step, for: consumer, until: schedule.release) : nil
        self.tell(of: step, begun: begun)
        await self.leaveGroup(because: "the consumer unsubscribed", until: schedule.end)
        return failure
    }

    /// Leaves the group if this consumer is a member. Returns at the deadline at the latest.
    func leaveGroup(
        because reason: String, _ operation: GroupMembershipOperation = .default, until deadline: MonotonicTime
    ) async {
        await self.leave(until: deadline) { $0.leaveGroup(because: reason, operation) }
    }

    /// Leaves the group by a change of the state.
    private func leave(until deadline: MonotonicTime, _ change: (inout ConsumerState) -> LeaveNotice?) async {
        func decide() -> LeaveNotice? {
            defer { self.core.wake([.membership, .reader]) }
            return self.core.state.withLock { change(&$0) }
        }
        guard let membership else {
            _ = decide()
            return
        }
        await membership.departures.leave(until: deadline, decide)
    }

    func unsubscribe(for consumer: KafkaConsumer) async throws(KafkaError) {
        let schedule = ClosingSchedule(from: self.core.loop.now, within: self.core.configuration.closeTimeout)
        let isInsideCallback = Self.isInsideCallback(of: consumer)
        // Partitions that stayed in a rebalance may have been read.
        if isInsideCallback { await self.commitAtLast(until: schedule.release) }
        let (step, isOwed): (RebalanceStep??, Bool) = self.core.state.withLock { state in
            guard state.phase == .open else { return (nil, false) }
            let step = state.membership.prepareToLeave()
            guard isInsideCallback, let step, state.owe(step) else { return (.some(step), false) }
            state.forgetSubscription()
            return (nil, true)
        }
        if isOwed { self.core.watchTopics() }
        guard let step else { return }
        let failure = await self.giveUp(step, for: consumer, until: schedule.release)
        await self.leave(until: schedule.end) { state in
            state.forgetSubscription()
            // In the same critical section, so that a new subscription belongs to a new member.
            return state.leaveGroup(because: "the consumer unsubscribed")
        }
        self.core.watchTopics()
        self.core.wake([.positionWaiters])
        if let failure { throw failure }
    }
}

extension ConsumerState {
    /// Ends the membership and returns the `LeaveNotice` to send, if any. If there is a new subscription by now, a new
    /// membership begins to join.
    mutating func leaveGroup(
        because reason: String, _ operation: GroupMembershipOperation = .default
    ) -> LeaveNotice? {
        let leaveNotice = self.membership.leave(reason: reason, operation)
        switch self.subscriptions.subscription {
        case .topics, .pattern:
            if self.phase == .open { self.membership.subscribed(to: self.subscriptions.subscription.topics) }
        case .none, .partitions: break
        }
        return leaveNotice
    }
}
