// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension KafkaProducer {
    /// Returns what the producer has counted and measured, and the state of its buffer and connections. Sends no request, and can be
    /// called at any time from any task.
    public func statistics() -> ProducerStatistics { self.sender.statistics() }
}

extension Sender {
    func statistics() -> ProducerStatistics {
        let client = self.cluster.statistics()
        let (buffer, partitions, state) = self.accumulator.withLock {
            ($0.bufferStatistics, $0.partitionStatistics, $0.transactions?.stateName)
        }
        let tally = self.tally.withLock { $0 }
        return tally.reported(
            client, buffer, partitions.sorted { $0.topicPartition < $1.topicPartition },
            transactions: self.transactions.map { ($0.id, state ?? "") },
            now: self.loop.now)
    }
}

extension RecordAccumulator {
    fileprivate var bufferStatistics: ProducerStatistics.Buffer {
        ProducerStatistics.Buffer(
            size: self.buffer.size, used: self.buffer.size - self.buffer.free, isAwaited: self.buffer.hasWaiters)
    }

    /// The partitions with batches that have not ended, in any order.
    fileprivate var partitionStatistics: [ProducerStatistics.Partition] {
        self.topics.values.flatMap { topic in
            topic.partitions.filter { $0.open != nil || $0.queue.count > 0 }.map { partition in
                let open = partition.open
                return ProducerStatistics.Partition(
                    topicPartition: partition.topicPartition, leader: partition.leader,
                    records: partition.recordCount,
                    bytes: partition.reserved,
                    batchesWaiting: partition.queue.count - partition.queue.inFlight + (open == nil ? 0 : 1),
                    batchesInFlight: partition.queue.inFlight, failures: partition.failures)
            }
        }
    }
}
