// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The memory that a producer's records may take: for which brokers they are, and which tasks wait for some. It knows no clock and
/// no lock, and keeps the promises of the tasks that wait.
///
/// While others could use it, the records for one broker take no more than they leave free. So a broker that hangs has half
/// of the memory at most, two that hang have a third each, and what is for the others finds room. A broker without any
/// records here may always take some, so that the largest record passes too. Tasks that wait for a broker's share to
/// shrink are in nobody else's way.
struct RecordBuffer {
    /// What a record needs that can't be had now.
    struct Shortage {
        enum Destination {
            case partition(PartitionState)
            /// Any partition of a topic.
            case topic(TopicState)
        }

        let destination: Destination
        let bytes: Int

        /// The brokers whose share the record can have a part of, as the leaders are now.
        fileprivate var owners: Set<Int32> {
            switch self.destination {
            case .partition(let partition):
                return [partition.leader ?? RecordBuffer.nobody]
            case .topic(let topic):
                let leaders = topic.partitions[..<topic.partitionCount].compactMap(\.leader)
                return leaders.isEmpty ? [RecordBuffer.nobody] : Set(leaders)
            }
        }
    }

    private struct Share {
        /// The partitions that it has, so that brokers which lead none any more are forgotten.
        var partitions = 0
        var bytes = 0
    }

    private struct Waiter {
        let number: UInt64
        let shortage: Shortage
        let promise: Promise<Void>
        /// The state of `changes` when it was woken and found no room; nil if it has not been woken.
        let failure: UInt64?
    }

    /// The owner of records whose partition has no leader.
    static let nobody: Int32 = -1

    let size: Int
    private(set) var free: Int
    private var shares: [Int32: Share] = [:]
    /// Those that wait, by the brokers of whose shares one will do.
    private var queues: [Set<Int32>: Deque<Waiter>] = [:]
    private var lastNumber = UInt64.max / 2
    private var firstNumber = UInt64.max / 2
    /// Whether a task that waited has been woken and not yet tried again.
    private(set) var isOffered = false
    /// Counts the changes after which a task may find room that found none: memory that is given back, and other leaders.
    private(set) var changes: UInt64 = 0

    init(size: Int) {
        self.size = size
        self.free = size
    }

    // MARK: Shares

    /// Counts a partition, and what its records take, for its leader of the moment.
    mutating func assign(_ partition: PartitionState) {
        let owner = partition.leader ?? Self.nobody
        guard owner != partition.owner else { return }
        if let former = partition.owner, var share = self.shares[former] {
            share.partitions -= 1
            share.bytes -= partition.reserved
            self.shares[former] = share.partitions > 0 ? share : nil
        }
        self.shares[owner, default: Share()].partitions += 1
        self.shares[owner]?.bytes += partition.reserved
        partition.owner = owner
    }

    /// Whether a broker's records may take so much more.
    func hasShare(_ broker: Int32?, for bytes: Int) -> Bool { bytes <= self.allowance(of: broker) }

    /// How much more of the free memory a broker's records may take, so that as much stays free as they have then.
    private func allowance(of broker: Int32?) -> Int {
        guard self.shares.count > 1, let share = self.shares[broker ?? Self.nobody], share.bytes > 0 else {
            return .max
        }
        return (self.free - share.bytes) / 2
    }

    /// What each broker's records take, the most first.
    var holders: [(broker: Int32, bytes: Int)] {
        self.shares.filter { $0.value.bytes > 0 }.map { (broker: $0.key, bytes: $0.value.bytes) }
            .sorted { $0.bytes > $1.bytes }
    }

    // MARK: Taking and giving back

    /// Takes memory for a batch of a partition, so that it has `wanted` bytes if there are so many, and `least` otherwise.
    /// False if not even those are free. A task that was not offered room comes after those that wait.
    mutating func take(
        for batch: ProducerBatch, of partition: PartitionState, least: Int, wanted: Int, isOffered: Bool
    ) -> Bool {
        self.assign(partition)
        let more = least - batch.reserved
        guard isOffered || !self.isTaken(before: partition.owner) else { return false }
        let allowance = min(self.free, self.allowance(of: partition.owner))
        guard more <= allowance else { return false }
        batch.records.reserve(batch.reserved + min(wanted - batch.reserved, allowance))
        self.account(for: batch, of: partition)
        return true
    }

    /// Counts what a batch's records take now.
    mutating func account(for batch: ProducerBatch, of partition: PartitionState) {
        self.change(batch, partition, to: batch.records.capacity)
    }

    /// A batch has ended, or others take its place.
    mutating func release(_ batch: ProducerBatch, of partition: PartitionState) {
        self.change(batch, partition, to: 0)
    }

    private mutating func change(_ batch: ProducerBatch, _ partition: PartitionState, to size: Int) {
        let difference = size - batch.reserved
        if difference < 0 { self.changes += 1 }
        batch.reserved = size
        self.free -= difference
        partition.reserved += difference
        if let owner = partition.owner { self.shares[owner]?.bytes += difference }
    }

    // MARK: Waiting

    /// Lets a task wait for room: after the others, or before them if it was woken and found too little.
    mutating func wait(_ promise: Promise<Void>, for shortage: Shortage, isFirst: Bool) {
        let number: UInt64
        if isFirst {
            self.firstNumber -= 1
            number = self.firstNumber
        } else {
            self.lastNumber += 1
            number = self.lastNumber
        }
        let waiter = Waiter(
            number: number, shortage: shortage, promise: promise, failure: isFirst ? self.changes : nil)
        if isFirst {
            self.queues[shortage.owners, default: Deque()].prepend(waiter)
        } else {
            self.queues[shortage.owners, default: Deque()].append(waiter)
        }
    }

    /// Partitions have other leaders: a task that waits for room in one of them waits for the share of another broker now.
    mutating func leadersChanged() {
        self.changes += 1
        guard !self.queues.isEmpty else { return }
        let waiters = self.queues.values.flatMap { $0.map { $0 } }.sorted { $0.number < $1.number }
        self.queues = [:]
        for waiter in waiters { self.queues[waiter.shortage.owners, default: Deque()].append(waiter) }
    }

    /// A task gives up waiting: while it is in the queue, those that come later take none.
    mutating func stopWaiting(_ promise: Promise<Void>) {
        for key in self.queues.keys {
            guard var queue = self.queues[key] else { continue }
            for _ in 0..<queue.count {
                if let first = queue.popFirst(), first.promise !== promise { queue.append(first) }
            }
            self.queues[key] = queue.isEmpty ? nil : queue
        }
    }

    /// Wakes the first of those that wait, if there is room for it. One at a time: it tells whether it found some. If it found
    /// none, it is not woken again before something changes.
    mutating func offer() -> Promise<Void>? {
        guard !self.isOffered, let key = self.nextQueue, var queue = self.queues[key],
            let first = queue.first, first.shortage.bytes <= self.free
        else { return nil }
        _ = queue.popFirst()
        self.queues[key] = queue.isEmpty ? nil : queue
        self.isOffered = true
        return first.promise
    }

    /// The task that was woken has tried again, or has given up.
    mutating func takeOfferBack() {
        self.isOffered = false
    }

    /// Ends all waiting.
    mutating func removeWaiters() -> [Promise<Void>] {
        defer { self.queues = [:] }
        return self.queues.values.flatMap { $0.map(\.promise) }
    }

    /// Whether tasks wait, or one was woken and has not tried again yet.
    var hasWaiters: Bool { self.isOffered || !self.queues.isEmpty }

    /// Whether tasks wait that come before a newcomer with a record for a broker.
    private func isTaken(before broker: Int32?) -> Bool {
        guard !self.queues.isEmpty || self.isOffered else { return false }
        let owner = broker ?? Self.nobody
        return self.isOffered
            || self.queues.contains { owners, queue in
                guard let first = queue.first, !self.isFutile(first) else { return false }
                return owners.contains(owner) || self.mayServe(first, owners)
            }
    }

    /// The queue of the task that has waited longest, among those that a broker's share allows some room.
    private var nextQueue: Set<Int32>? {
        var next: (key: Set<Int32>, number: UInt64)?
        for (key, queue) in self.queues {
            guard let first = queue.first, first.number < next?.number ?? .max, !self.isFutile(first),
                self.mayServe(first, key)
            else { continue }
            next = (key, first.number)
        }
        return next?.key
    }

    private func mayServe(_ waiter: Waiter, _ owners: Set<Int32>) -> Bool {
        owners.contains { self.hasShare($0, for: waiter.shortage.bytes) }
    }

    /// Whether a task has tried already, and nothing has changed since. The shares may look as if there was room for it: but a
    /// partition whose broker has room is left out while it fails, and a new batch takes more than one record needs.
    private func isFutile(_ waiter: Waiter) -> Bool {
        waiter.failure == self.changes && waiter.shortage.bytes <= self.free
    }
}
