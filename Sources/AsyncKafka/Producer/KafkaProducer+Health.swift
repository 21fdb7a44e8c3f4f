// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension KafkaProducer {
    /// Whether the producer can do its work, for a readiness probe. Sends no request, and can be read at any time from any task.
    ///
    /// It is `ready` while it runs, reaches the cluster and writes the records that it has, and also if it has none. That records
    /// were given up doesn't make it `degraded`: the calls that sent them say so.
    public var health: KafkaHealth { self.sender.health }
}

extension Sender {
    var health: KafkaHealth {
        let now = self.loop.now
        let (isOver, identity, failing) = self.accumulator.withLock {
            ($0.closed != nil || $0.fatalError != nil, $0.identityFailure(now: now), $0.failingPartitions(now: now))
        }
        guard !isOver else { return .stopped }
        var reasons: [KafkaHealth.Reason] = []
        if let identity {
            reasons.append(
                .init(.noProducerID, "The producer waits for its id or its transaction. \(identity.message)"))
        }
        if let reason = KafkaHealth.reason(.partitionsNotWritten, failing) { reasons.append(reason) }
        return self.cluster.health.adding(reasons)
    }
}

extension RecordAccumulator {
    /// Why there is no producer id or transaction, if requests for it have been failing for a while.
    fileprivate func identityFailure(now: MonotonicTime) -> KafkaError? {
        let attempts = self.settings.isTransactional ? self.transactionAttempts : self.idempotence.failedAttempts
        return attempts.duration(now: now) >= KafkaHealth.patience ? attempts.last : nil
    }

    /// The partitions whose records could not be written for a while, and why.
    fileprivate func failingPartitions(now: MonotonicTime) -> [(partition: TopicPartition, message: String)] {
        var failing: [(partition: TopicPartition, message: String)] = []
        for topic in self.topics.values {
            for partition in topic.partitions {
                // The failure may be older than the records that it concerns.
                guard let oldest = partition.oldest, now - oldest.createdAt >= KafkaHealth.patience else { continue }
                if partition.leader == nil {
                    guard let since = partition.leaderlessSince, now - since >= KafkaHealth.patience else { continue }
                    failing.append((partition.topicPartition, "The partition has no leader."))
                } else if let error = partition.failedAttempts.last,
                    partition.failedAttempts.duration(now: now) >= KafkaHealth.patience
                {
                    failing.append((partition.topicPartition, error.message))
                }
            }
        }
        return failing
    }
}
