// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension SubscriptionState {
    /// Plans fetches of partitions that were moved or became fetchable while their broker waits with another fetch.
    /// Otherwise the reader would have to wait until that fetch ends.
    ///
    /// A partition is fetched this way until an answer has no records; after that, it is part of the broker's next
    /// fetch. `next` is the time when a delayed partition may be fetched.
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
        // The fetch in flight may have reserved all of the room, although it returns nothing for partitions that were moved. So one fetch
        // beside it needs no room, but not more: a reader that moves one partition after the other would have all of them fetched.
        let isFirst = self.fetchesBeside[broker, default: 0] == 0
        guard self.spareBytes > 0, isFirst || self.room > 0 else {
            self.isRoomWanted = true
            return nil
        }
        let number = self.fetches + 1
        var fetches: [PlannedFetch] = []
        var bytes = 0
        for partition in partitions {
            guard let assigned = self.partitions[partition] else { continue }
            self.partitions[partition]?.isAskedBeside = true
            bytes += Int(assigned.maximumBytes)
            fetches.append(PlannedFetch(partition, assigned, number: number, isBeside: true))
        }
        let least = isFirst ? min(bytes, Int(self.settings.maximumPartitionBytes)) : 1
        let limit = min(max(min(bytes, self.room), least), self.settings.maxFetchBytes)
        self.begin(fetches, number: number, maximumBytes: limit)
        self.fetchesBeside[broker, default: 0] += 1
        return FetchBeside(broker: broker, fetches: fetches, maximumBytes: limit)
    }
}
