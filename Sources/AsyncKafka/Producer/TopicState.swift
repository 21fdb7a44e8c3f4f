// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// A topic as a producer sees it.
///
/// It outlives what metadata says: a broker that starts may not know the topic for a moment, and the sequences of
/// its partitions must not begin again then.
///
/// Why `@unchecked Sendable` is right: its variables are read and written under the accumulator's lock only.
final class TopicState: @unchecked Sendable {
    let name: String
    /// `.zero` while it isn't known: brokers before 2.8 don't tell.
    var id: KafkaUUID = .zero
    /// All the partitions there ever were.
    private(set) var partitions: [PartitionState] = []
    /// How many partitions there are now.
    private(set) var partitionCount = 0
    /// The same, to take a hash modulo of. Never 0.
    private(set) var hashRange: UInt32 = 1
    var sticky: StickyPartition
    /// The size at which its batches are full.
    var batchSize: LearnedBatchSize
    /// The partition that `sticky` names.
    var stickyPartition: PartitionState?
    var nextInTurn = 0
    /// When a batch that is opened says again that the topic is in use.
    var useDue = MonotonicTime(nanoseconds: 0)

    init(name: String, sticky: StickyPartition, batchSize: LearnedBatchSize) {
        self.name = name
        self.sticky = sticky
        self.batchSize = batchSize
    }

    /// Takes what metadata says. Returns the partitions whose leader is another than before.
    func update(_ metadata: TopicMetadata, makeQueue: () -> BatchQueue<ProducerBatch>) -> [PartitionState] {
        guard !metadata.partitions.isEmpty else { return [] }
        if metadata.id != .zero, metadata.id != self.id {
            // Made again under its name, it has none of the records that the sequences count.
            if self.id != .zero { for partition in self.partitions { partition.queue.logBeganAnew() } }
            self.id = metadata.id
        }
        let count = Int(metadata.partitions.reduce(0) { max($0, $1.index) }) + 1
        while self.partitions.count < count {
            self.partitions.append(
                PartitionState(topic: self, index: Int32(self.partitions.count), queue: makeQueue()))
        }
        self.partitionCount = count
        self.hashRange = UInt32(count)
        var moved: [PartitionState] = []
        for partition in metadata.partitions {
            let state = self.partitions[Int(partition.index)]
            let isNewer = (partition.leaderEpoch ?? -1) > (state.leaderEpoch ?? -1)
            state.leaderEpoch = partition.leaderEpoch
            guard partition.leader != state.leader || isNewer else { continue }
            if partition.leader != state.leader { state.queue.leaderChanged() }
            state.leader = partition.leader
            moved.append(state)
        }
        return moved
    }
}

/// A partition as a producer sees it.
///
/// Why `@unchecked Sendable` is right: its variables are read and written under the accumulator's lock only. It leaves the lock in
/// `Action` and `Transmission`, where only its constants are read.
final class PartitionState: @unchecked Sendable {
    unowned let topic: TopicState
    let index: Int32
    let topicPartition: TopicPartition
    var leader: Int32?
    var leaderEpoch: Int32?
    /// The broker for which `RecordBuffer` counts its records, and how much they take.
    var owner: Int32?
    var reserved = 0
    /// Closed batches.
    var queue: BatchQueue<ProducerBatch>
    /// The batch that takes records.
    var open: ProducerBatch?
    var openedAt = MonotonicTime(nanoseconds: 0)
    /// Whether the open batch may be sent although it is not full: its linger is over, or somebody flushes.
    var isOpenDue = false
    /// What a batch was worth lately, in bytes: as much memory the next one takes at first.
    var expectedSize = RecordAccumulator.smallestBatch
    /// Whether it is in its leader's list of partitions with something to send.
    var isListed = false
    /// Whether it waits for a (new) producer identity.
    var isAwaitingIdentity = false
    /// Whether it waits out a backoff.
    var isBackingOff = false
    /// Failures in a row, for the length of the backoff.
    var failures = 0
    /// Counts the backoffs, so that a timer of an earlier one ends none.
    var backoffCount = 0
    /// What went wrong since records were stored, for the error of a batch whose time is over.
    var failedAttempts = FailedAttempts()
    /// Its neighbours in the list of partitions with an open batch.
    var previousOpen: PartitionState?
    var nextOpen: PartitionState?

    init(topic: TopicState, index: Int32, queue: BatchQueue<ProducerBatch>) {
        self.topic = topic
        self.index = index
        self.topicPartition = TopicPartition(topic.name, index)
        self.queue = queue
    }

    /// Whether there is something that may be sent.
    var hasReady: Bool { self.queue.hasUnsent || (self.open != nil && self.isOpenDue) }

    /// Whether a record may be put here that may go anywhere: there is a leader, and nothing waits that has failed there.
    var isAvailable: Bool { self.leader != nil && (self.failures == 0 || (self.open == nil && self.queue.count == 0)) }

    /// Everything that has not ended.
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

/// A broker as a producer sees it.
///
/// Why `@unchecked Sendable` is right: its variables are read and written under the accumulator's lock only.
final class BrokerState: @unchecked Sendable {
    let id: Int32
    /// Partitions with something to send, each once: they take turns.
    var ready = Deque<PartitionState>()
    var isConnecting = false
    /// Tells that there is no connection to it, and that there is one again.
    var reachability = FailureReport()
    /// Requests without answer.
    var inFlight = 0
    /// Whether a thread sends to it. That thread also sends what is listed meanwhile.
    var isSending = false

    init(id: Int32) {
        self.id = id
    }
}
