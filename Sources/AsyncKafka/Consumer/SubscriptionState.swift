// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// What a consumer reads and how far it is: its partitions with their positions and what is buffered of them. Pure.
struct SubscriptionState: Sendable {
    /// What the user asked for.
    enum Subscription: Sendable {
        case none
        case topics(Set<String>)
        case pattern(TopicPattern)
        /// Chosen partitions: no group decides.
        case partitions
    }

    struct Settings: Sendable {
        var autoOffsetReset = ConsumerConfiguration.AutoOffsetReset.latest
        var isolationLevel = IsolationLevel.readUncommitted
        var checkCRCs = true
        /// Whether there are committed offsets to begin from.
        var hasGroup = false
        var maximumPartitionBytes: Int32 = 1 << 20
        var maxFetchBytes = 50 << 20
        var maximumPrefetchBytes = 64 << 20
        /// What a partition's fetch size may grow to for a large batch.
        var maximumResponseBytes: Int32 = 128 << 20
        var preferredReplicaLifetime: Duration = .seconds(300)
    }

    let settings: Settings
    var subscription = Subscription.none
    var partitions: [TopicPartition: AssignedPartition] = [:]
    /// The partitions that have something buffered, in the order in which they get their turn.
    private(set) var turns = Deque<TopicPartition>()
    /// Those in `turns`, each once: also what was taken away or emptied since.
    private var isInTurns: Set<TopicPartition> = []
    /// Partitions that were paused when they were last given up.
    var pausedBefore: Set<TopicPartition> = []
    /// Bytes taken from the partition whose turn it is.
    var takenInTurn = 0
    var bufferedBytes = 0
    /// Bytes that fetches in flight may bring.
    var reservedBytes = 0
    /// Whether an answer was too large once, so that partitions may be asked for alone.
    var hasAskedAlone = false
    /// A fetch was put off because what others may bring fills the buffer.
    var isRoomWanted = false
    /// Partitions of which something was handed out since the reader last asked.
    var handedOut: [TopicPartition] = []
    var inHand: BatchInHand?
    /// Partitions that were replaced, and what of them is yet to be committed by itself.
    var leftBehind: [TopicPartition: LeftBehind] = [:]
    /// Positions that were given up, for the log.
    var resets: [TopicPartition: PositionReset] = [:]
    /// Partitions that are refused, or were.
    var refusals: [TopicPartition: PartitionRefusals] = [:]
    /// What is yet to be told of that.
    var partitionNotices: [PartitionNotice] = []
    /// The metadata that was taken last.
    var metadata = ClusterMetadata.empty
    /// How many fetches have been planned.
    var fetches = 0
    /// The brokers that are at work on a fetch.
    var busyBrokers: Set<Int32> = []
    /// The highest incarnation of partitions that were taken away: what is on its way for one is not for its successor.
    private var lastIncarnation = 0

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// The partitions that this consumer holds: not those that the listener is yet to hear of.
    var assignment: [TopicPartition] { self.partitions.keys.sorted() }

    // MARK: Assignment

    /// Replaces the partitions. Those that stay keep their position, their pause, and what is buffered of them.
    mutating func assign(_ wanted: [TopicPartition]) {
        let kept = Set(wanted)
        for partition in self.partitions.keys where !kept.contains(partition) { self.remove(partition) }
        self.add(wanted)
    }

    /// Adds partitions that are not there yet.
    ///
    /// - Parameter arriving: whether they have to wait until the listener has heard of them.
    mutating func add(_ new: [TopicPartition], arriving: Bool = false) {
        for partition in new where self.partitions[partition] == nil {
            var assigned = AssignedPartition(
                maximumBytes: self.settings.maximumPartitionBytes, incarnation: self.lastIncarnation + 1)
            assigned.isArriving = arriving
            assigned.isPaused = self.pausedBefore.contains(partition)
            if !self.settings.hasGroup {
                self.beginFromPolicy(&assigned, partition)
            } else if let left = self.leftBehind.removeValue(forKey: partition) {
                // What the group has of it is yet to be brought up to date.
                _ = assigned.move(to: left.position)
                assigned.topicID = left.topicID
            }
            self.partitions[partition] = assigned
        }
        self.pausedBefore.subtract(new)
    }

    /// Takes partitions away, with everything that is known of them.
    mutating func remove(_ partition: TopicPartition) {
        guard let removed = self.partitions.removeValue(forKey: partition) else { return }
        self.bufferedBytes -= removed.bufferedBytes
        self.lastIncarnation = max(self.lastIncarnation, removed.incarnation)
        self.refusals[partition] = nil
        self.dropInHand(of: partition)
    }

    /// Gives partitions up in a rebalance. Whether they were paused is kept, in case they come back.
    mutating func release(_ partitions: [TopicPartition]) {
        for partition in partitions {
            if self.partitions[partition]?.isPaused == true { self.pausedBefore.insert(partition) }
            self.remove(partition)
        }
    }

    /// From now on nothing of these is handed out or fetched.
    mutating func beginRevoking(_ partitions: [TopicPartition]) {
        for partition in partitions { self.partitions[partition]?.isLeaving = true }
    }

    /// The listener has heard of these: they can be fetched.
    mutating func arrived(_ partitions: [TopicPartition]) {
        for partition in partitions { self.partitions[partition]?.isArriving = false }
    }

    // MARK: Turns

    /// Something of the partition is buffered: it gets its turn after those that wait already.
    mutating func enqueue(_ partition: TopicPartition) {
        if self.isInTurns.insert(partition).inserted { self.turns.append(partition) }
    }

    /// Ends the turn of the first.
    mutating func endTurn(keepsOrder: Bool) {
        self.takenInTurn = 0
        guard let partition = self.turns.popFirst() else { return }
        self.isInTurns.remove(partition)
        if keepsOrder { self.enqueue(partition) }
    }

    // MARK: Pause

    mutating func setPaused(_ isPaused: Bool, _ partitions: [TopicPartition]) throws(KafkaError) {
        for partition in partitions { _ = try self.require(partition) }
        for partition in partitions {
            self.partitions[partition]?.isPaused = isPaused
            if isPaused, self.inHand?.partition == partition { self.inHand?.progress?.interrupt() }
        }
    }

    var paused: [TopicPartition] { self.partitions.filter(\.value.isPaused).keys.sorted() }

    /// A partition that this consumer reads.
    func require(_ partition: TopicPartition) throws(KafkaError) -> AssignedPartition {
        guard let assigned = self.partitions[partition] else {
            throw KafkaError(
                .illegalState, "The partition is not assigned to this consumer.", topic: partition.topic,
                partition: partition.partition)
        }
        return assigned
    }

    // MARK: Where to read

    /// Moves a partition to an offset.
    mutating func seek(_ partition: TopicPartition, to position: FetchPosition) throws(KafkaError) {
        var assigned = try self.require(partition)
        self.bufferedBytes -= assigned.move(to: position)
        self.partitions[partition] = assigned
        self.dropInHand(of: partition)
    }

    /// Stops a partition until its position has been found. Returns what the answer has to name.
    mutating func beginSeek(_ partition: TopicPartition, _ phase: AssignedPartition.Phase) throws(KafkaError) -> Int {
        var assigned = try self.require(partition)
        self.bufferedBytes -= assigned.reset(phase)
        self.partitions[partition] = assigned
        self.dropInHand(of: partition)
        return assigned.incarnation
    }

    /// What the reader has left of the partition is out of date.
    mutating func dropInHand(of partition: TopicPartition) {
        self.handedOut.removeAll { $0 == partition }
        if self.inHand?.partition == partition { self.dropInHand() }
    }

    /// What is left of the batch in hand is not to be read any more.
    mutating func dropInHand() {
        self.inHand?.progress?.interrupt()
        self.inHand = nil
    }

    /// The position that the reset policy says, or the reader's error if there is none.
    mutating func beginFromPolicy(_ assigned: inout AssignedPartition, _ partition: TopicPartition) {
        switch self.settings.autoOffsetReset {
        case .earliest: self.bufferedBytes -= assigned.reset(.resetting(.earliest))
        case .latest: self.bufferedBytes -= assigned.reset(.resetting(.latest))
        case .byDuration(let age): self.bufferedBytes -= assigned.reset(.resetting(.age(age)))
        case .none:
            assigned.failure = KafkaError(
                .noOffsetForPartition,
                "There is no committed offset to begin from, and autoOffsetReset is none: seek, or set it.",
                topic: partition.topic, partition: partition.partition)
        }
    }
}
