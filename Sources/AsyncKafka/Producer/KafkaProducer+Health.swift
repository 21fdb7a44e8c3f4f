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
        let (isOver, reasons) = self.accumulator.withLock {
            ($0.closed != nil || $0.fatalError != nil, $0.healthReasons(now: now))
        }
        return isOver ? .stopped : self.cluster.health.adding(reasons)
    }
}

extension RecordAccumulator {
    fileprivate func healthReasons(now: MonotonicTime) -> [KafkaHealth.Reason] {
        var reasons: [KafkaHealth.Reason] = []
        let attempts = self.settings.isTransactional ? self.transactionAttempts : self.idempotence.failedAttempts
        if let error = attempts.last, attempts.duration(now: now) >= KafkaHealth.patience {
            reasons.append(.init(.noProducerID, "The producer waits for its id or its transaction. \(error.message)"))
        }
        let failing = self.topics.values.lazy.flatMap(\.partitions).compactMap {
            partition -> (partition: TopicPartition, message: String)? in
            guard let oldest = partition.queue.pending.first, now - oldest.createdAt >= KafkaHealth.patience else {
                return nil
            }
            if partition.leader == nil {
                return (partition.topicPartition, "The partition has no leader.")
            }
            return partition.failedAttempts.last.map { (partition.topicPartition, $0.message) }
        }
        if let reason = KafkaHealth.reason(.partitionsNotWritten, Array(failing)) { reasons.append(reason) }
        return reasons
    }
}
