// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension KafkaConsumer {
    /// Returns what the consumer has counted and measured, and the state of its partitions, its membership and its connections.
    /// Sends no request, and can be called at any time from any task.
    public func statistics() -> ConsumerStatistics {
        let core = self.core
        let client = core.cluster.statistics()
        let fetches = core.cluster.connections.tally.withLock { $0.fetches }
        let now = core.loop.now
        let (tally, group, buffer, partitions) = core.state.withLock { state in
            state.observeMembership { now }
            return (
                state.tally, state.membership.statistics(state.tally.rebalances, now: now),
                state.subscriptions.bufferStatistics, state.subscriptions.partitionStatistics(now: now)
            )
        }
        func count(_ count: RecentCount) -> StatisticsCount { count.reported(since: tally.beginning, now: now) }
        return ConsumerStatistics(
            client: client, group: group, buffer: buffer, partitions: partitions, records: count(tally.records),
            bytes: count(tally.bytes), batches: count(tally.batches), fetchLatency: fetches.reportedTimes(now: now),
            fetchSize: tally.fetchSize.reported(now: now), commitLatency: tally.commitTime.reportedTimes(now: now),
            failedCommits: count(tally.failedCommits))
    }
}

extension SubscriptionState {
    fileprivate var bufferStatistics: ConsumerStatistics.Buffer {
        ConsumerStatistics.Buffer(size: self.settings.maximumPrefetchBytes, used: self.bufferedBytes)
    }

    fileprivate func partitionStatistics(now: MonotonicTime) -> [ConsumerStatistics.Partition] {
        self.partitions.map { partition, assigned in
            ConsumerStatistics.Partition(
                topicPartition: partition, leader: assigned.leader,
                position: assigned.hasPosition ? self.handedOut(partition, assigned).offset : nil,
                committedOffset: assigned.committed, endOffset: self.endOffset(of: assigned),
                lag: self.lag(of: partition), bufferedBytes: assigned.bufferedBytes, isPaused: assigned.isPaused,
                error: (assigned.failure ?? self.refusals[partition]?.summary(now: now))?.message)
        }
        .sorted { $0.topicPartition < $1.topicPartition }
    }
}
