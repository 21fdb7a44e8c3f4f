// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The memory that a producer's records may take: whose it is, and who waits for some. Pure.
///
/// While others could use it, the records for one broker take no more than they leave free. So a broker that hangs has half
/// of the memory at most, two that hang have a third each, and what is for the others finds room. A broker without any
/// records here may always take some, so that the largest record passes too. Tasks that wait for a broker's share to
/// shrink are in nobody else's way.
struct RecordBuffer {
    /// What a record needs that can't be had now.
    struct Shortage {
        /// Whom it is for; nil if it may go to any partition.
        var broker: Int32?
        var bytes = 0
    }

    private struct Share {
        /// The partitions that it has, so that brokers which lead none any more are forgotten.
        var partitions = 0
        var bytes = 0
    }

    private struct Waiter {
        let number: UInt64
        let bytes: Int
        let promise: Promise<Void>
    }

    /// Whom the records are for whose partition has no leader.
    static let nobody: Int32 = -1
    /// The queue of those that don't wait for a certain broker's share.
    private static let anybody = Int32.min

    let size: Int
    private(set) var free: Int
    private var shares: [Int32: Share] = [:]
    private var queues: [Int32: Deque<Waiter>] = [:]
    private var lastNumber = UInt64.max / 2
    private var firstNumber = UInt64.max / 2
    /// Whether a task that waited has been woken and not yet tried again.
    private(set) var isOffered = false

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

    /// How much more a broker's records may take of what is free.
    private func allowance(of broker: Int32?) -> Int {
        guard self.shares.count > 1, let share = self.shares[broker ?? Self.nobody], share.bytes > 0 else {
            return .max
        }
        return self.free - share.bytes
    }

    /// What each broker's records take, the most first.
    var holders: [(broker: Int32, bytes: Int)] {
        self.shares.filter { $0.value.bytes > 0 }.map { (broker: $0.key, bytes: $0.value.bytes) }
            .sorted { $0.bytes > $1.bytes }
    }

    // MARK: Taking and giving back

    /// Takes memory for a batch of a partition, so that it has `wanted` bytes if there are so many, and `least` otherwise.
    /// False if not even those are to be had. Whoever has not been offered room comes behind those that wait.
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
        batch.reserved = size
        self.free -= difference
        partition.reserved += difference
        if let owner = partition.owner { self.shares[owner]?.bytes += difference }
    }

    // MARK: Waiting

    /// Lets a task wait for room: behind the others, or before them if it was woken and found too little.
    mutating func wait(_ promise: Promise<Void>, for shortage: Shortage, isFirst: Bool) {
        let number: UInt64
        if isFirst {
            self.firstNumber -= 1
            number = self.firstNumber
        } else {
            self.lastNumber += 1
            number = self.lastNumber
        }
        let waiter = Waiter(number: number, bytes: shortage.bytes, promise: promise)
        let queue = shortage.broker ?? Self.anybody
        if isFirst {
            self.queues[queue, default: Deque()].prepend(waiter)
        } else {
            self.queues[queue, default: Deque()].append(waiter)
        }
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

    /// Wakes the first of those that wait, if there is room for it. One at a time: it tells whether it found some.
    mutating func offer() -> Promise<Void>? {
        guard !self.isOffered, let key = self.nextQueue, var queue = self.queues[key],
            let first = queue.first, first.bytes <= self.free
        else { return nil }
        _ = queue.popFirst()
        self.queues[key] = queue.isEmpty ? nil : queue
        self.isOffered = true
        return first.promise
    }

    /// Whoever was woken has tried again, or is gone.
    mutating func takeOfferBack() {
        self.isOffered = false
    }

    /// Lets nobody wait any more.
    mutating func removeWaiters() -> [Promise<Void>] {
        defer { self.queues = [:] }
        return self.queues.values.flatMap { $0.map(\.promise) }
    }

    /// Whether tasks wait that come before a newcomer with a record for a broker.
    private func isTaken(before broker: Int32?) -> Bool {
        guard !self.queues.isEmpty || self.isOffered else { return false }
        return self.isOffered || self.queues[broker ?? Self.nobody] != nil || self.nextQueue != nil
    }

    /// The queue of whoever has waited longest, of those whose broker's share allows it.
    private var nextQueue: Int32? {
        var next: (key: Int32, number: UInt64)?
        for (key, queue) in self.queues {
            guard let first = queue.first, key == Self.anybody || self.hasShare(key, for: first.bytes),
                first.number < next?.number ?? .max
            else { continue }
            next = (key, first.number)
        }
        return next?.key
    }
}
