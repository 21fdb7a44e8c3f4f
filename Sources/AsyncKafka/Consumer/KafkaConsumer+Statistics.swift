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
    public func statistics() -> ConsumerStatistics { self.core.statistics().statistics }
}

extension ConsumerCore {
    /// Returns the statistics, and when and from what they were made.
    func statistics() -> (statistics: ConsumerStatistics, tally: ConsumerTally, now: MonotonicTime) {
        let client = self.cluster.statistics()
        let fetches = self.cluster.connections.tally.withLock { $0.fetches }
        let (now, tally, group, buffer, partitions) = self.state.withLock { state in
            // Read under the lock, so that a rebalance that another task notes ends before it.
            let now = self.loop.now
            state.observeMembership { now }
            let tally = state.tallyWithBatchInHand(now: now)
            return (
                now, tally, state.membership.statistics(tally.rebalances, now: now),
                state.subscriptions.bufferStatistics, state.subscriptions.partitionStatistics
            )
        }
        func count(_ count: RecentCount) -> StatisticsCount { count.reported(since: tally.beginning, now: now) }
        let statistics = ConsumerStatistics(
            client: client, group: group, buffer: buffer,
            partitions: partitions.map { $0.reported(now: now) }.sorted { $0.topicPartition < $1.topicPartition },
            records: count(tally.records),
            bytes: count(tally.bytes), batches: count(tally.batches), fetchLatency: fetches.reportedTimes(now: now),
            fetchSize: tally.fetchSize.reported(now: now), commitLatency: tally.commitTime.reportedTimes(now: now),
            failedCommits: count(tally.failedCommits))
        return (statistics, tally, now)
    }
}

extension SubscriptionState {
    fileprivate var bufferStatistics: ConsumerStatistics.Buffer {
        ConsumerStatistics.Buffer(size: self.settings.maximumPrefetchBytes, used: self.held.count)
    }

    /// The assigned partitions, in any order.
    fileprivate var partitionStatistics: [PartitionSnapshot] {
        self.partitions.map { partition, assigned in
            PartitionSnapshot(
                statistics: ConsumerStatistics.Partition(
                    topicPartition: partition, leader: assigned.leader,
                    position: assigned.hasPosition ? self.handedOut(partition, assigned).offset : nil,
                    committedOffset: assigned.committed, endOffset: self.endOffset(of: assigned),
                    lag: self.lag(of: partition), bufferedBytes: assigned.bufferedBytes, isPaused: assigned.isPaused,
                    error: nil),
                failure: assigned.failure, refusals: self.refusals[partition])
        }
    }
}

/// What is copied of a partition under the consumer's lock. The text of its error is made afterwards.
private struct PartitionSnapshot {
    var statistics: ConsumerStatistics.Partition
    let failure: KafkaError?
    let refusals: PartitionRefusals?

    func reported(now: MonotonicTime) -> ConsumerStatistics.Partition {
        var statistics = self.statistics
        statistics.error = (self.failure ?? self.refusals?.summary(now: now))?.message
        return statistics
    }
}
