// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension SubscriptionState {
    /// What to ask brokers for although each waits with a fetch for records to come: partitions that were moved or became
    /// readable since that began. The reader would wait for that one to end otherwise.
    ///
    /// A partition is asked for in this way until there is nothing; then it comes with the broker's next fetch. `next` is
    /// when one that is to wait until then may be asked for.
    mutating func planFetchesBeside(now: MonotonicTime) -> (fetches: [FetchBeside], next: MonotonicTime?) {
        guard !self.busyBrokers.isEmpty else { return ([], nil) }
        var byBroker: [Int32: [TopicPartition]] = [:]
        var next: MonotonicTime?
        for (partition, assigned) in self.partitions
        where assigned.isFetchable && !assigned.isAwaited && !assigned.isAskedBeside
            && !assigned.isAskedAlone && assigned.bufferedBytes < assigned.lowWaterMark
        {
            guard let broker = assigned.source(now: now), self.busyBrokers.contains(broker) else { continue }
            if let time = assigned.notBefore, time > now {
                next = min(next ?? time, time)
            } else {
                byBroker[broker, default: []].append(partition)
            }
        }
        let fetches = byBroker.sorted { $0.key < $1.key }.compactMap {
            self.planFetch(beside: $0.key, of: $0.value.sorted())
        }
        return (fetches, next)
    }

    private mutating func planFetch(beside broker: Int32, of partitions: [TopicPartition]) -> FetchBeside? {
        guard self.bufferedBytes < self.settings.maximumPrefetchBytes else { return nil }
        let number = self.fetches + 1
        var fetches: [PlannedFetch] = []
        var bytes = 0
        for partition in partitions {
            guard let assigned = self.partitions[partition] else { continue }
            self.partitions[partition]?.isAskedBeside = true
            bytes += Int(assigned.maximumBytes)
            fetches.append(PlannedFetch(partition, assigned, number: number, isBeside: true))
        }
        // What the fetch in flight may bring has taken the room; of a partition that was moved it brings nothing.
        let least = min(bytes, Int(self.settings.maximumPartitionBytes))
        let limit = min(max(min(bytes, self.room), least), self.settings.maxFetchBytes)
        self.begin(fetches, number: number, maximumBytes: limit)
        return FetchBeside(broker: broker, fetches: fetches, maximumBytes: limit)
    }
}
