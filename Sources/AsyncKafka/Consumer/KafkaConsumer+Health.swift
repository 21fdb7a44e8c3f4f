// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension KafkaConsumer {
    /// Whether the consumer can do its work, for a readiness probe. Sends no request, and can be read at any time from any task.
    ///
    /// It is `ready` while it runs, reaches the cluster, is a member of its group if it subscribes to topics, and fetches its
    /// partitions, and also if it has none. A member is not ready after the group has removed it, for example because the reader has
    /// not asked for records within `maxPollInterval`.
    public var health: KafkaHealth {
        let core = self.core
        let now = core.loop.now
        let (isOpen, absence, failing) = core.state.withLock { state in
            (state.phase == .open, state.absence, state.subscriptions.failingPartitions(now: now))
        }
        guard isOpen else { return .stopped }
        var reasons: [KafkaHealth.Reason] = []
        if let absence { reasons.append(.init(.notInGroup, absence)) }
        if let reason = KafkaHealth.reason(.partitionsNotRead, failing) { reasons.append(reason) }
        return core.cluster.health.adding(reasons)
    }
}

extension ConsumerState {
    /// Why the consumer is not a member of the group that it has subscribed in.
    fileprivate var absence: String? {
        switch self.subscriptions.subscription {
        case .topics, .pattern: self.membership.reasonForAbsence
        case .none, .partitions: nil
        }
    }
}

extension SubscriptionState {
    /// The partitions that can't be read, or could not be for a while, and why.
    fileprivate func failingPartitions(now: MonotonicTime) -> [(partition: TopicPartition, message: String)] {
        self.partitions.compactMap { partition, assigned in
            self.failure(of: assigned, partition, now: now).map { (partition, $0) }
        }
    }

    private func failure(of assigned: AssignedPartition, _ partition: TopicPartition, now: MonotonicTime) -> String? {
        if let failure = assigned.failure { return failure.message }
        // Nothing is asked for then, so that a former failure says nothing.
        if assigned.isPaused || assigned.isLeaving || assigned.bufferedBytes >= assigned.lowWaterMark { return nil }
        if assigned.leader == nil {
            guard let since = self.metadata.partition(partition)?.leaderlessSince, now - since >= KafkaHealth.patience
            else { return nil }
            return "The partition has no leader."
        }
        return self.refusals[partition]?.failure(
            after: KafkaHealth.patience, now: now, isTrying: assigned.fetchInFlight != nil)?.message
    }
}
