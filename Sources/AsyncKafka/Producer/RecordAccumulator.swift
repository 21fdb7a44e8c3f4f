// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// The unacknowledged records of a producer: topics, partitions and their batches, and the memory that they use.
///
/// It only decides. Time and randomness are arguments, and everything that must be done outside of its lock is returned
/// as an `Action`.
struct RecordAccumulator {
    struct Settings {
        var batchSize: Int
        var maxRequestSize: Int
        var linger: Duration
        var deliveryTimeout: Duration
        var maxInFlight: Int
        var isIdempotent: Bool
        /// Whether all records belong to transactions.
        var isTransactional = false
        var isRoundRobin: Bool
        /// Whether there is an observer for the buffer becoming full and having room again.
        var isObserved: Bool
    }

    /// How the partition of a record is determined.
    enum Choice {
        /// The record or a custom partitioner specifies it.
        case named(Int32)
        /// The hash of the key, without sign, determines it.
        case hash(UInt32)
        /// Any partition: the sticky one, or the next in turn.
        case free
    }

    enum Appended {
        case done(Delivery, [Action])
        case unknownTopic
        case unknownPartition(count: Int)
        /// There is no room. The actions may help to free some.
        case full(RecordBuffer.Shortage, [Action])
        case tooLarge(Int)
        case closed(KafkaError)
    }

    /// The initial memory of a batch if nothing is known about the partition's rate.
    static let smallestBatch = 4096
    /// The interval at which a topic is marked as in use. It is much shorter than the time after which metadata forgets
    /// a topic.
    static let useInterval = WantedTopics.maximumIdle / 5

    let settings: Settings
    let undelivered: UndeliveredRecords
    var topics: [String: TopicState] = [:]
    /// The topic of the last record, because the next record is usually for the same topic.
    var lastTopic: TopicState?
    /// The open batch of the sticky partition of `freeTopic`, to which nearly all records without a key are added.
    var freeBatch: ProducerBatch?
    private var freeTopic = ""
    /// Whether open batches wait for more records.
    private let lingers: Bool
    var brokers: [Int32: BrokerState] = [:]
    var openBatches = OpenBatches()
    var idempotence = IdempotenceStateMachine()
    /// Nil without transactions.
    var transactions: TransactionStateMachine?
    /// The number of the transaction that records are accepted for.
    var openTransaction = Self.noTransaction
    /// Whether no further transaction may begin, because the producer is closing.
    var refusesTransactions = false
    /// The failed attempts of the current request about the transaction.
    var transactionAttempts = FailedAttempts()
    /// Partitions that can't send before the producer has a (new) identity.
    var awaitingIdentity: [PartitionState] = []
    var buffer: RecordBuffer
    /// The buffer's `changes` when it was reported to be full. Nil while it has room.
    var fullAt: UInt64?
    var closed: KafkaError?
    var isLingerTimerSet = false
    var isExpiryTimerSet = false
    private var random: UInt64

    init(settings: Settings, bufferMemory: Int, undelivered: UndeliveredRecords, seed: UInt64) {
        self.settings = settings
        self.lingers = settings.linger > .zero
        self.buffer = RecordBuffer(size: bufferMemory)
        self.undelivered = undelivered
        self.random = seed
        if settings.isTransactional {
            self.transactions = TransactionStateMachine()
            self.closeTransaction()
        }
    }

    // MARK: Appending

    /// The fast path for nearly all records: the partition's batch is open and has room. Returns nil in all other
    /// cases, which `append` handles.
    @inline(__always)
    mutating func appendToOpenBatch(
        _ record: ProducerRecord, choice: Choice, timestamp: Int64, in transaction: UInt64 = Self.noTransaction
    ) -> Delivery? {
        guard transaction == self.openTransaction else { return nil }
        let batch: ProducerBatch
        if case .free = choice {
            guard let free = self.freeBatch, self.freeTopic == record.topic else { return nil }
            batch = free
        } else {
            guard self.lingers, let topic = self.lastTopic, topic.name == record.topic else { return nil }
            let index: Int
            switch choice {
            case .hash(let hash): index = Int(hash % topic.hashRange)
            case .named(let partition): index = Int(partition)
            case .free: return nil
            }
            guard index >= 0, index < topic.partitionCount, let open = topic.openByPartition[index] else { return nil }
            batch = open
        }
        let index = batch.records.count
        let isTaken = try? batch.records.append(
            key: record.key, value: record.value, headers: record.headers, timestamp: timestamp, limit: batch.limit)
        guard isTaken == true else { return nil }
        return Delivery(batch: batch, index: Int32(truncatingIfNeeded: index), timestamp: timestamp)
    }

    /// Adds a record to its partition's open batch.
    ///
    /// `isOffered` means that the calling task was woken because there may be room. Other callers take no memory while
    /// tasks wait for some.
    mutating func append(
        _ record: ProducerRecord, choice: Choice, timestamp: Int64, in transaction: UInt64 = Self.noTransaction,
        isOffered: Bool = false, now: () -> MonotonicTime
    ) -> Appended {
        if isOffered { self.buffer.takeOfferBack() }
        guard transaction == self.openTransaction else { return .closed(self.refusal(of: transaction)) }
        let topic: TopicState
        if let last = self.lastTopic, last.name == record.topic {
            topic = last
        } else {
            // Checked before the topic is remembered for the fast path, which doesn't check it.
            if let closed = self.closed { return .closed(closed) }
            guard let known = self.topics[record.topic] else { return .unknownTopic }
            self.lastTopic = known
            topic = known
        }
        let partition: PartitionState
        switch choice {
        case .free:
            guard let sticky = topic.stickyPartition else {
                return self.appendToNewBatch(
                    record, topic, nil, timestamp: timestamp, isOffered: isOffered, now: now())
            }
            partition = sticky
        case .hash(let hash):
            partition = topic.partitions[Int(hash % topic.hashRange)]
        case .named(let index):
            guard index >= 0, index < topic.partitionCount else {
                return .unknownPartition(count: topic.partitionCount)
            }
            partition = topic.partitions[Int(index)]
        }
        if self.closed == nil, let batch = partition.open {
            let index = batch.records.count
            if (try? batch.records.append(
                key: record.key, value: record.value, headers: record.headers, timestamp: timestamp,
                limit: batch.limit)) == true
            {
                let delivery = Delivery(batch: batch, index: Int32(truncatingIfNeeded: index), timestamp: timestamp)
                if !self.lingers { return self.followUpWithoutLinger(delivery, partition) }
                return .done(delivery, [])
            }
        }
        let isFree = if case .free = choice { true } else { false }
        return self.appendToNewBatch(
            record, topic, isFree ? nil : partition, timestamp: timestamp, isOffered: isOffered, now: now())
    }

    /// Adds a record to a new or larger batch of its partition. `named` is nil if the record may go to any partition.
    @inline(never)
    private mutating func appendToNewBatch(
        _ record: ProducerRecord, _ topic: TopicState, _ named: PartitionState?, timestamp: Int64, isOffered: Bool,
        now: MonotonicTime
    ) -> Appended {
        if let closed = self.closed { return .closed(closed) }
        let size =
            RecordBatchBuilder.headerSize
            + RecordBatchBuilder.sizeUpperBound(key: record.key, value: record.value, headers: record.headers)
        guard size <= self.settings.maxRequestSize else { return .tooLarge(size) }
        topic.batchSize.grow(now: now)
        var actions: [Action] = []
        var partition = named ?? self.freePartition(of: topic, for: size)
        var mayMove = named == nil
        // The loop ends: each partition's open batch is closed only once, and a partition is left only for one whose
        // broker has a share.
        while true {
            switch self.makeRoom(for: size, in: partition, isOffered: isOffered, now: now, &actions) {
            case .made(let batch):
                return self.appended(record, to: batch, of: partition, timestamp: timestamp, &actions)
            case .closed:
                // The next partition may have an open batch, too, with records that have keys.
                if mayMove { partition = self.freePartition(of: topic, for: size) }
                mayMove = false
            case .lacking(let bytes):
                if named == nil, let other = self.leaveForRoom(partition, size) {
                    partition = other
                } else {
                    let destination = named.map(RecordBuffer.Shortage.Destination.partition) ?? .topic(topic)
                    return self.full(
                        partition, RecordBuffer.Shortage(destination: destination, bytes: bytes), &actions)
                }
            }
        }
    }

    private enum Room {
        /// There is room in this batch, which is open.
        case made(ProducerBatch)
        /// The open batch had no room. It is full and has been closed.
        case closed
        /// This many bytes of memory are missing.
        case lacking(Int)
    }

    /// Lets a partition's open batch grow, up to the batch size, or begins one.
    private mutating func makeRoom(
        for size: Int, in partition: PartitionState, isOffered: Bool, now: MonotonicTime, _ actions: inout [Action]
    ) -> Room {
        guard let batch = partition.open else {
            return self.begin(partition, with: size, isOffered: isOffered, now: now, &actions)
        }
        let batchSize = partition.topic.batchSize.current
        let wanted = batch.records.byteCount + size - RecordBatchBuilder.headerSize
        guard wanted <= batchSize else {
            self.close(partition)
            self.list(partition, &actions)
            return .closed
        }
        guard
            wanted <= batch.limit
                || self.takeMemory(
                    for: batch, of: partition, least: wanted, atBest: min(2 * batch.reserved, batchSize),
                    isOffered: isOffered)
        else { return .lacking(wanted - batch.reserved) }
        return .made(batch)
    }

    /// Begins a batch with a record. `size` is the size of the batch with it.
    private mutating func begin(
        _ partition: PartitionState, with size: Int, isOffered: Bool, now: MonotonicTime, _ actions: inout [Action]
    ) -> Room {
        let topic = partition.topic
        let batch = ProducerBatch(
            partition.topicPartition, in: self.openTransaction, createdAt: now,
            deadline: now + self.settings.deliveryTimeout, records: RecordBatchBuilder(), undelivered: self.undelivered)
        guard
            self.takeMemory(
                for: batch, of: partition, least: size, atBest: min(partition.expectedSize, topic.batchSize.current),
                isOffered: isOffered)
        else { return .lacking(size) }
        partition.open = batch
        partition.openedAt = now
        partition.isOpenDue = !self.lingers
        self.openBatches.append(partition)
        if now >= topic.useDue {
            topic.useDue = now + Self.useInterval
            actions.append(.noteUse(ofTopic: topic.name))
        }
        if self.lingers, !self.isLingerTimerSet {
            self.isLingerTimerSet = true
            actions.append(.setLingerTimer(now + self.settings.linger))
        }
        if !self.isExpiryTimerSet {
            self.isExpiryTimerSet = true
            actions.append(.setExpiryTimer(batch.deadline))
        }
        return .made(batch)
    }

    /// Adds a record to a batch that has the memory for it.
    private mutating func appended(
        _ record: ProducerRecord, to batch: ProducerBatch, of partition: PartitionState, timestamp: Int64,
        _ actions: inout [Action]
    ) -> Appended {
        let index = batch.records.count
        let isTaken = try? batch.records.append(
            key: record.key, value: record.value, headers: record.headers, timestamp: timestamp, limit: batch.limit)
        guard isTaken == true else { return .tooLarge(Int(Int32.max)) }
        // A record that exceeds the batch size gets a batch of its own.
        if batch.limit > partition.topic.batchSize.current { batch.limit = batch.records.byteCount }
        if partition.isOpenDue { self.list(partition, &actions) }
        if self.lingers, partition === partition.topic.stickyPartition {
            self.freeBatch = batch
            self.freeTopic = partition.topic.name
        }
        return .done(
            Delivery(batch: batch, index: Int32(truncatingIfNeeded: index), timestamp: timestamp), actions)
    }

    /// Without linger, every record may be sent immediately if its broker has room for another request.
    @inline(never)
    private mutating func followUpWithoutLinger(_ delivery: Delivery, _ partition: PartitionState) -> Appended {
        guard !partition.isListed, partition.queue.canSend else { return .done(delivery, []) }
        var actions: [Action] = []
        self.list(partition, &actions)
        return .done(delivery, actions)
    }

    /// Returns the partition for a record of `size` bytes that may go to any partition.
    private mutating func freePartition(of topic: TopicState, for size: Int) -> PartitionState {
        if self.settings.isRoundRobin {
            for _ in 0..<topic.partitionCount {
                topic.nextInTurn = (topic.nextInTurn + 1) % topic.partitionCount
                let next = topic.partitions[topic.nextInTurn]
                if next.leader != nil, self.buffer.hasShare(next.leader, for: size) { break }
            }
            return topic.partitions[topic.nextInTurn]
        }
        if let current = topic.stickyPartition, current.open != nil || !topic.sticky.shouldMove { return current }
        topic.sticky.move(
            among: topic.partitions[..<topic.partitionCount].map {
                StickyPartition.Candidate(
                    partition: $0.index, queueLength: $0.queue.count,
                    isAvailable: $0.isAvailable && self.buffer.hasShare($0.leader, for: size))
            }, random: self.nextRandom())
        let chosen = topic.partitions[Int(topic.sticky.current ?? 0)]
        topic.stickyPartition = chosen
        return chosen
    }

    /// If records that may go to any partition go to one that can't be written to, and another can, changes to another
    /// one. The records in the open batch stay there.
    mutating func leaveIfSticky(_ partition: PartitionState) {
        let topic = partition.topic
        guard partition === topic.stickyPartition, !partition.isAvailable,
            topic.partitions[..<topic.partitionCount].contains(where: \.isAvailable)
        else { return }
        self.leave(topic)
    }

    /// If records that may go to any partition go to one whose broker has used up its share of the memory, changes to
    /// another one. Returns that partition, or nil if no other one has room.
    private mutating func leaveForRoom(_ partition: PartitionState, _ size: Int) -> PartitionState? {
        let topic = partition.topic
        guard !self.buffer.hasShare(partition.leader, for: size),
            topic.partitions[..<topic.partitionCount].contains(where: {
                $0.isAvailable && self.buffer.hasShare($0.leader, for: size)
            })
        else { return nil }
        self.leave(topic)
        return self.freePartition(of: topic, for: size)
    }

    private mutating func leave(_ topic: TopicState) {
        topic.stickyPartition = nil
        if self.freeTopic == topic.name { self.freeBatch = nil }
    }

    private mutating func nextRandom() -> UInt64 {
        self.random &+= 0x9e37_79b9_7f4a_7c15
        let mixed = (self.random ^ (self.random >> 30)) &* 0xbf58_476d_1ce4_e5b9
        let more = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return more ^ (more >> 31)
    }

    /// Closes the open batch of a partition.
    mutating func close(_ partition: PartitionState) {
        guard let batch = partition.open else { return }
        if batch === self.freeBatch { self.freeBatch = nil }
        partition.open = nil
        partition.isOpenDue = false
        self.openBatches.remove(partition)
        let size = batch.records.byteCount
        // Slightly larger than this batch, and at least half of the previous value, so that it falls slowly.
        partition.expectedSize = max(Self.smallestBatch, size + size / 8, partition.expectedSize / 2)
        if partition === partition.topic.stickyPartition { partition.topic.sticky.wrote(size) }
        batch.complete()
        partition.queue.append(batch, count: Int32(truncatingIfNeeded: batch.count), deadline: batch.deadline)
    }
}
