// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A consumer's subscription and its partitions with their positions and buffers. Pure.
struct SubscriptionState: Sendable {
    /// The kind of subscription.
    enum Subscription: Sendable {
        case none
        case topics(Set<String>)
        case pattern(TopicPattern)
        /// Manually assigned partitions.
        case partitions
    }

    struct Settings: Sendable {
        var autoOffsetReset = ConsumerConfiguration.AutoOffsetReset.latest
        var isolationLevel = IsolationLevel.readUncommitted
        var checkCRCs = true
        /// Whether there is a group whose committed offsets are used.
        var hasGroup = false
        var maximumPartitionBytes: Int32 = 1 << 20
        var maxFetchBytes = 50 << 20
        var maximumPrefetchBytes = 64 << 20
        /// The limit of a partition's fetch size, which grows for large batches.
        var maximumResponseBytes: Int32 = 128 << 20
        var preferredReplicaLifetime: Duration = .seconds(300)
    }

    let settings: Settings
    var subscription = Subscription.none
    var partitions: [TopicPartition: AssignedPartition] = [:]
    /// The partitions with buffered records in the order of their turns.
    private(set) var turns = Deque<TopicPartition>()
    /// The elements of `turns`, including those that were removed or emptied since.
    private var isInTurns: Set<TopicPartition> = []
    /// Partitions that were paused when they were last given up.
    var pausedBefore: Set<TopicPartition> = []
    /// The bytes taken from the partition whose turn it is.
    var takenInTurn = 0
    /// The bytes of the buffered batches.
    var bufferedBytes = 0
    /// The bytes of the answers that these and the batch in hand are parts of.
    let held = HeldBytes()
    /// The bytes that fetches in flight may return.
    var reservedBytes = 0
    /// Whether any answer was too large, so that partitions may be fetched alone.
    var hasAskedAlone = false
    /// Whether a fetch was postponed because the fetches in flight may fill the buffer.
    var isRoomWanted = false
    /// The partitions with records delivered since the reader last asked.
    var handedOut: [TopicPartition] = []
    var inHand: BatchInHand? {
        // A batch leaves the hand in several ways, and what was received of it counts in each.
        didSet { if let oldValue { self.received.add(oldValue) } }
    }
    /// What the reader has received of batches that are no longer in hand, until it is counted.
    var received = ReceivedRecords()
    /// The processed offsets of replaced partitions that are still to be committed automatically.
    var leftBehind: [TopicPartition: LeftBehind] = [:]
    /// Positions that were reset, for the log.
    var resets: [TopicPartition: PositionReset] = [:]
    /// The failures of partitions that fail or have failed.
    var refusals: [TopicPartition: PartitionRefusals] = [:]
    /// What is still to be logged about them.
    var partitionNotices: [PartitionNotice] = []
    /// The last processed metadata.
    var metadata = ClusterMetadata.empty
    /// The number of planned fetches.
    var fetches = 0
    /// The brokers with a fetch in flight.
    var busyBrokers: Set<Int32> = []
    /// The numbers of fetches in flight beside those, by broker.
    var fetchesBeside: [Int32: Int] = [:]
    /// The highest incarnation of removed partitions, so that an answer for a removed one isn't used for its successor.
    private var lastIncarnation = 0

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// The partitions assigned to this consumer, including those whose callback is still running.
    var assignment: [TopicPartition] { self.partitions.keys.sorted() }

    // MARK: Assignment

    /// Replaces the partitions. Those that stay keep their position, pause and buffer.
    mutating func assign(_ wanted: [TopicPartition]) {
        let kept = Set(wanted)
        for partition in self.partitions.keys where !kept.contains(partition) { self.remove(partition) }
        self.add(wanted)
    }

    /// Adds partitions that are not assigned yet.
    ///
    /// - Parameter arriving: whether they have to wait until `partitionsAssigned` has returned.
    mutating func add(_ new: [TopicPartition], arriving: Bool = false) {
        for partition in new where self.partitions[partition] == nil {
            var assigned = AssignedPartition(
                maximumBytes: self.settings.maximumPartitionBytes, incarnation: self.lastIncarnation + 1)
            assigned.isArriving = arriving
            assigned.isPaused = self.pausedBefore.contains(partition)
            if !self.settings.hasGroup {
                self.beginFromPolicy(&assigned, partition)
            } else if let left = self.leftBehind.removeValue(forKey: partition) {
                // The group's committed offset is older than the processed position.
                _ = assigned.move(to: left.position)
                assigned.topicID = left.topicID
            }
            self.partitions[partition] = assigned
        }
        self.pausedBefore.subtract(new)
    }

    /// Removes a partition and its state.
    mutating func remove(_ partition: TopicPartition) {
        guard let removed = self.partitions.removeValue(forKey: partition) else { return }
        self.bufferedBytes -= removed.bufferedBytes
        self.lastIncarnation = max(self.lastIncarnation, removed.incarnation)
        self.refusals[partition] = nil
        self.dropInHand(of: partition)
    }

    /// Removes partitions in a rebalance. Whether they were paused is kept, in case they return.
    mutating func release(_ partitions: [TopicPartition]) {
        for partition in partitions {
            if self.partitions[partition]?.isPaused == true { self.pausedBefore.insert(partition) }
            self.remove(partition)
        }
    }

    /// Stops delivering and fetching records of these partitions.
    mutating func beginRevoking(_ partitions: [TopicPartition]) {
        for partition in partitions { self.partitions[partition]?.isLeaving = true }
    }

    /// Notes that `partitionsAssigned` has returned, so these partitions may be fetched.
    mutating func arrived(_ partitions: [TopicPartition]) {
        for partition in partitions { self.partitions[partition]?.isArriving = false }
    }

    // MARK: Turns

    /// Appends a partition with buffered records to the turns.
    mutating func enqueue(_ partition: TopicPartition) {
        if self.isInTurns.insert(partition).inserted { self.turns.append(partition) }
    }

    /// Ends the turn of the first partition.
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

    /// Returns the state of an assigned partition.
    ///
    /// - Throws: `.illegalState` if it isn't assigned.
    func require(_ partition: TopicPartition) throws(KafkaError) -> AssignedPartition {
        guard let assigned = self.partitions[partition] else {
            throw KafkaError(
                .illegalState, "The partition is not assigned to this consumer.", topic: partition.topic,
                partition: partition.partition)
        }
        return assigned
    }

    // MARK: Where to read

    /// Moves the position of a partition.
    mutating func seek(_ partition: TopicPartition, to position: FetchPosition) throws(KafkaError) {
        var assigned = try self.require(partition)
        self.bufferedBytes -= assigned.move(to: position)
        assigned.origin = position
        assigned.isChosen = true
        self.partitions[partition] = assigned
        self.dropInHand(of: partition)
    }

    /// Stops reading a partition until its new position has been found. Returns the new incarnation.
    mutating func beginSeek(_ partition: TopicPartition, _ phase: AssignedPartition.Phase) throws(KafkaError) -> Int {
        var assigned = try self.require(partition)
        self.bufferedBytes -= assigned.reset(phase)
        assigned.isChosen = true
        self.partitions[partition] = assigned
        self.dropInHand(of: partition)
        return assigned.incarnation
    }

    /// Drops the batch in hand if it is of this partition, because it is outdated.
    mutating func dropInHand(of partition: TopicPartition) {
        self.handedOut.removeAll { $0 == partition }
        if self.inHand?.partition == partition { self.dropInHand() }
    }

    /// Drops the rest of the batch in hand.
    mutating func dropInHand() {
        self.inHand?.progress?.interrupt()
        self.inHand = nil
    }

    /// Starts a partition according to the reset policy, or with an error for the reader if there is none.
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
