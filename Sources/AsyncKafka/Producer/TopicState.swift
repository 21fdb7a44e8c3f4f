// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// A producer's state of a topic.
///
/// It persists even if the topic is missing from metadata: a broker that has just started may not know the topic yet,
/// and the sequences of its partitions must not begin again.
///
/// `@unchecked Sendable` is correct because its variables are read and written only under the accumulator's lock.
final class TopicState: @unchecked Sendable {
    let name: String
    /// The topic's id. `.zero` if it isn't known: brokers before 2.8 don't return it.
    var id: KafkaUUID = .zero
    /// All partitions that the topic has ever had.
    private(set) var partitions: [PartitionState] = []
    /// The batches that accept records, by partition. They are here and not in `PartitionState`, so that a record for one of many
    /// partitions doesn't bring another object into the CPU's cache.
    fileprivate(set) var openByPartition: [ProducerBatch?] = []
    /// The current number of partitions.
    private(set) var partitionCount = 0
    /// `partitionCount` as the divisor of a hash. Never 0.
    private(set) var hashRange: UInt32 = 1
    var sticky: StickyPartition
    /// The size at which its batches are full.
    var batchSize: LearnedBatchSize
    /// The partition that `sticky` has selected.
    var stickyPartition: PartitionState?
    var nextInTurn = 0
    /// The time from which a new batch marks the topic as in use again.
    var useDue = MonotonicTime(nanoseconds: 0)

    init(name: String, sticky: StickyPartition, batchSize: LearnedBatchSize) {
        self.name = name
        self.sticky = sticky
        self.batchSize = batchSize
    }

    /// Applies new metadata. Returns the partitions with a new leader or leader epoch.
    func update(_ metadata: TopicMetadata, makeQueue: () -> BatchQueue<ProducerBatch>) -> [PartitionState] {
        guard !metadata.partitions.isEmpty else { return [] }
        if metadata.id != .zero, metadata.id != self.id {
            // A recreated topic has none of the records that the sequences count.
            if self.id != .zero { for partition in self.partitions { partition.queue.logBeganAnew() } }
            self.id = metadata.id
        }
        let count = Int(metadata.partitions.reduce(0) { max($0, $1.index) }) + 1
        while self.partitions.count < count {
            self.partitions.append(
                PartitionState(topic: self, index: Int32(self.partitions.count), queue: makeQueue()))
            self.openByPartition.append(nil)
        }
        self.partitionCount = count
        self.hashRange = UInt32(count)
        var moved: [PartitionState] = []
        for partition in metadata.partitions {
            let state = self.partitions[Int(partition.index)]
            let isNewer = (partition.leaderEpoch ?? -1) > (state.leaderEpoch ?? -1)
            state.leaderEpoch = partition.leaderEpoch
            state.leaderlessSince = partition.leaderlessSince
            guard partition.leader != state.leader || isNewer else { continue }
            if partition.leader != state.leader { state.queue.leaderChanged() }
            state.leader = partition.leader
            moved.append(state)
        }
        return moved
    }
}

/// A producer's state of a partition.
///
/// `@unchecked Sendable` is correct because its variables are read and written only under the accumulator's lock. In an
/// `Action` or `Transmission` it leaves the lock, but there only its constants are read.
final class PartitionState: @unchecked Sendable {
    unowned let topic: TopicState
    let index: Int32
    let topicPartition: TopicPartition
    var leader: Int32?
    /// Since when it has had no leader.
    var leaderlessSince: MonotonicTime?
    var leaderEpoch: Int32?
    /// The broker for which `RecordBuffer` counts the records. `reserved` is their memory.
    var owner: Int32?
    var reserved = 0
    /// The closed batches.
    var queue: BatchQueue<ProducerBatch>
    /// The batch that accepts records.
    var open: ProducerBatch? {
        get { self.topic.openByPartition[Int(self.index)] }
        set { self.topic.openByPartition[Int(self.index)] = newValue }
    }
    var openedAt = MonotonicTime(nanoseconds: 0)
    /// Whether the open batch may be sent although it isn't full, because its linger is over or a flush was requested.
    var isOpenDue = false
    /// The recent size of batches in bytes, which is the initial memory of the next one.
    var expectedSize = RecordAccumulator.smallestBatch
    /// Whether the partition is in the ready list of its leader.
    var isListed = false
    /// Whether the partition waits for a (new) producer identity.
    var isAwaitingIdentity = false
    /// Whether the partition waits for the end of a backoff.
    var isBackingOff = false
    /// The number of consecutive failures, which determines the backoff.
    var failures = 0
    /// Counts the backoffs, so that the timer of an earlier one doesn't end a later one.
    var backoffCount = 0
    /// The failures since records were last stored, for the error of a batch that expires.
    var failedAttempts = FailedAttempts()
    /// The neighbours in the list of partitions with an open batch (`OpenBatches`).
    var previousOpen: PartitionState?
    var nextOpen: PartitionState?

    init(topic: TopicState, index: Int32, queue: BatchQueue<ProducerBatch>) {
        self.topic = topic
        self.index = index
        self.topicPartition = TopicPartition(topic.name, index)
        self.queue = queue
    }

    /// Whether a batch may be sent.
    var hasReady: Bool { self.queue.hasUnsent || (self.open != nil && self.isOpenDue) }

    /// Whether records that may go to any partition may go here: the partition has a leader and no failed batches that
    /// wait.
    var isAvailable: Bool { self.leader != nil && (self.failures == 0 || (self.open == nil && self.queue.count == 0)) }

    /// The oldest batch that has not ended.
    var oldest: ProducerBatch? { self.queue.oldest ?? self.open }

    /// The number of records in batches that have not ended.
    var recordCount: Int { self.queue.recordCount + (self.open?.records.count ?? 0) }

    /// Forgets failures once no batch is left that they concern.
    func settleFailures() {
        if self.open == nil, self.queue.count == 0 { self.failedAttempts = FailedAttempts() }
    }

    /// All batches that have not ended.
    var pending: [ProducerBatch] { self.queue.pending + (self.open.map { [$0] } ?? []) }
}

/// The partitions with an open batch, in the order in which the batches were opened.
struct OpenBatches {
    private(set) var first: PartitionState?
    private var last: PartitionState?

    mutating func append(_ partition: PartitionState) {
        partition.previousOpen = self.last
        partition.nextOpen = nil
        self.last?.nextOpen = partition
        self.last = partition
        if self.first == nil { self.first = partition }
    }

    mutating func remove(_ partition: PartitionState) {
        if self.first === partition { self.first = partition.nextOpen }
        if self.last === partition { self.last = partition.previousOpen }
        partition.previousOpen?.nextOpen = partition.nextOpen
        partition.nextOpen?.previousOpen = partition.previousOpen
        partition.previousOpen = nil
        partition.nextOpen = nil
    }
}

/// A producer's state of a broker.
///
/// `@unchecked Sendable` is correct because its variables are read and written only under the accumulator's lock.
final class BrokerState: @unchecked Sendable {
    let id: Int32
    /// The partitions with something to send. Each is in the list once, so that they take turns.
    var ready = Deque<PartitionState>()
    var isConnecting = false
    /// Decides when to report that the broker can't be connected to, and that it can again.
    var reachability = FailureReport()
    /// The number of unanswered requests.
    var inFlight = 0
    /// Whether a thread sends to it. That thread also sends what is listed meanwhile.
    var isSending = false

    init(id: Int32) {
        self.id = id
    }
}
