// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The memory for a producer's records, with the share of each broker and the tasks that wait for room. It has no clock
/// and no lock, and holds the promises of the waiting tasks.
///
/// While other brokers could use the memory, the records for one broker take at most as much as they leave free. So a
/// broker that hangs uses at most half of the memory, two of them use a third each, and records for the other brokers
/// find room. A broker without any records may always take some, so that even the largest record is accepted. Tasks
/// that wait for the share of one broker don't block tasks with records for others.
struct RecordBuffer {
    /// The memory that a record needs and can't get now.
    struct Shortage {
        enum Destination {
            case partition(PartitionState)
            /// Any partition of a topic.
            case topic(TopicState)
        }

        let destination: Destination
        let bytes: Int

        /// The brokers whose shares the record could use, according to the current leaders.
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
        /// The number of the broker's partitions. A broker without partitions is forgotten.
        var partitions = 0
        var bytes = 0
    }

    private struct Waiter {
        let number: UInt64
        let shortage: Shortage
        let promise: Promise<Void>
        /// The value of `changes` when the task was woken and found no room. Nil if it was never woken.
        let failure: UInt64?
    }

    /// The owner of records whose partition has no leader.
    static let nobody: Int32 = -1

    let size: Int
    private(set) var free: Int
    private var shares: [Int32: Share] = [:]
    /// The waiting tasks, by the set of brokers whose shares they could use.
    private var queues: [Set<Int32>: Deque<Waiter>] = [:]
    private var lastNumber = UInt64.max / 2
    private var firstNumber = UInt64.max / 2
    /// Whether a waiting task was woken and has not tried again yet.
    private(set) var isOffered = false
    /// Counts the changes that may let a task succeed that failed before: memory that is returned, and new leaders.
    private(set) var changes: UInt64 = 0

    init(size: Int) {
        self.size = size
        self.free = size
    }

    // MARK: Shares

    /// Counts a partition and the memory of its records for its current leader.
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

    /// Whether a broker's records may take `bytes` more.
    func hasShare(_ broker: Int32?, for bytes: Int) -> Bool { bytes <= self.allowance(of: broker) }

    /// The free memory that a broker's records may still take. Afterwards, at least as much stays free as they have in
    /// total.
    private func allowance(of broker: Int32?) -> Int {
        guard self.shares.count > 1, let share = self.shares[broker ?? Self.nobody], share.bytes > 0 else {
            return .max
        }
        return (self.free - share.bytes) / 2
    }

    /// The memory that each broker's records take, in descending order.
    var holders: [(broker: Int32, bytes: Int)] {
        self.shares.filter { $0.value.bytes > 0 }.map { (broker: $0.key, bytes: $0.value.bytes) }
            .sorted { $0.bytes > $1.bytes }
    }

    // MARK: Taking and returning memory

    /// Takes memory for a batch, so that it has `wanted` bytes if that many are free, and `least` otherwise. Returns
    /// false if not even those are free. A task that was not offered room comes after the waiting ones.
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

    /// Updates the memory that is accounted to a batch.
    mutating func account(for batch: ProducerBatch, of partition: PartitionState) {
        self.change(batch, partition, to: batch.records.capacity)
    }

    /// Returns the memory of a batch that has ended or is replaced by others.
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

    /// Adds a task to those that wait for room: at the end, or at the front if it was woken and found too little.
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

    /// Partitions have new leaders, so tasks that wait for room in them wait for the shares of other brokers.
    mutating func leadersChanged() {
        self.changes += 1
        guard !self.queues.isEmpty else { return }
        let waiters = self.queues.values.flatMap { $0.map { $0 } }.sorted { $0.number < $1.number }
        self.queues = [:]
        for waiter in waiters { self.queues[waiter.shortage.owners, default: Deque()].append(waiter) }
    }

    /// Removes a task that gives up. While it is in the queue, later tasks take no memory.
    mutating func stopWaiting(_ promise: Promise<Void>) {
        for key in self.queues.keys {
            guard var queue = self.queues[key] else { continue }
            for _ in 0..<queue.count {
                if let first = queue.popFirst(), first.promise !== promise { queue.append(first) }
            }
            self.queues[key] = queue.isEmpty ? nil : queue
        }
    }

    /// Wakes the first waiting task if there is room for it. Only one task is woken at a time, and the next one after
    /// it has tried. If it finds no room, it isn't woken again before something changes.
    mutating func offer() -> Promise<Void>? {
        guard !self.isOffered, let key = self.nextQueue, var queue = self.queues[key],
            let first = queue.first, first.shortage.bytes <= self.free
        else { return nil }
        _ = queue.popFirst()
        self.queues[key] = queue.isEmpty ? nil : queue
        self.isOffered = true
        return first.promise
    }

    /// The task that was woken has tried again or given up.
    mutating func takeOfferBack() {
        self.isOffered = false
    }

    /// Removes and returns all waiting tasks.
    mutating func removeWaiters() -> [Promise<Void>] {
        defer { self.queues = [:] }
        return self.queues.values.flatMap { $0.map(\.promise) }
    }

    /// Whether tasks wait, or one was woken and has not tried again yet.
    var hasWaiters: Bool { self.isOffered || !self.queues.isEmpty }

    /// Whether waiting tasks have priority over a new record for a broker.
    private func isTaken(before broker: Int32?) -> Bool {
        guard !self.queues.isEmpty || self.isOffered else { return false }
        let owner = broker ?? Self.nobody
        return self.isOffered
            || self.queues.contains { owners, queue in
                guard let first = queue.first, !self.isFutile(first) else { return false }
                return owners.contains(owner) || self.mayServe(first, owners)
            }
    }

    /// The queue of the task that has waited longest, among those for which a broker's share has room.
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

    /// Whether a task has already tried, and nothing has changed since. The shares alone don't show this: a partition
    /// whose broker has room is excluded while it fails, and a new batch takes more than one record needs.
    private func isFutile(_ waiter: Waiter) -> Bool {
        waiter.failure == self.changes && waiter.shortage.bytes <= self.free
    }
}
