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
        var isolationLevel = ConsumerConfiguration.IsolationLevel.readUncommitted
        var checkCRCs = true
        /// Whether there are committed offsets to begin from.
        var hasGroup = false
        var maximumPartitionBytes: Int32 = 1 << 20
        var maximumFetchBytes = 50 << 20
        var maximumPrefetchBytes = 64 << 20
        /// What a partition's fetch size may grow to for a large batch.
        var maximumResponseBytes: Int32 = 128 << 20
        var preferredReplicaLifetime: Duration = .seconds(300)
    }

    let settings: Settings
    var subscription = Subscription.none
    var partitions: [TopicPartition: AssignedPartition] = [:]
    /// The partitions that have something buffered, in the order in which they get their turn.
    var turns = Deque<TopicPartition>()
    /// Partitions that were paused when they were last given up.
    var pausedBefore: Set<TopicPartition> = []
    /// Bytes taken from the partition whose turn it is.
    var takenInTurn = 0
    var bufferedBytes = 0
    /// Bytes that fetches in flight may bring.
    var reservedBytes = 0
    /// A fetch was put off because what others may bring fills the buffer.
    var isRoomWanted = false
    /// Partitions of which something was handed out since the reader last asked.
    var handedOut: [TopicPartition] = []
    var inHand: BatchInHand?
    /// How many fetches have been planned.
    var fetches = 0
    /// The highest incarnation of partitions that were taken away: what is on its way for one is not for its successor.
    private var lastIncarnation = 0

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// The partitions that this consumer holds: not those that the listener is yet to hear of.
    var assignment: [TopicPartition] { self.partitions.keys.sorted() }

    // MARK: Assignment

    /// Replaces the partitions. Those that stay keep their position, their pause, and what is buffered of them.
    mutating func assign(_ wanted: [TopicPartition], arriving: Bool) {
        let kept = Set(wanted)
        for partition in self.partitions.keys where !kept.contains(partition) { self.remove(partition) }
        for partition in wanted where self.partitions[partition] == nil {
            var assigned = AssignedPartition(
                maximumBytes: self.settings.maximumPartitionBytes, incarnation: self.lastIncarnation + 1)
            assigned.isArriving = arriving
            assigned.isPaused = self.pausedBefore.contains(partition)
            if !self.settings.hasGroup { self.beginFromPolicy(&assigned, partition) }
            self.partitions[partition] = assigned
        }
        self.pausedBefore.subtract(wanted)
    }

    /// Takes partitions away, with everything that is known of them.
    mutating func remove(_ partition: TopicPartition) {
        guard let removed = self.partitions.removeValue(forKey: partition) else { return }
        self.bufferedBytes -= removed.bufferedBytes
        self.lastIncarnation = max(self.lastIncarnation, removed.incarnation)
        if self.inHand?.partition == partition { self.dropInHand() }
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

    /// The listener has heard of all partitions: they can be fetched.
    mutating func arrived() {
        for partition in self.partitions.keys { self.partitions[partition]?.isArriving = false }
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

    // MARK: Offsets to commit

    /// Everything handed out so far. What the group has already is left out.
    var handedOutOffsets: [TopicPartition: OffsetAndMetadata] {
        self.offsets { self.handedOut($0, $1) }
    }

    /// Everything that the reader has asked past. What the group has already is left out.
    var askedPastOffsets: [TopicPartition: OffsetAndMetadata] {
        self.offsets { self.askedPast($0, $1) }
    }

    private func handedOut(_ partition: TopicPartition, _ assigned: AssignedPartition) -> FetchPosition {
        guard let inHand = self.inHand, inHand.partition == partition else { return assigned.position }
        return inHand.handedOut
    }

    private func askedPast(_ partition: TopicPartition, _ assigned: AssignedPartition) -> FetchPosition? {
        guard let inHand = self.inHand, inHand.partition == partition, let askedPast = inHand.askedPast else {
            return assigned.askedPast
        }
        guard let own = assigned.askedPast, own.offset > askedPast.offset else { return askedPast }
        return own
    }

    private func offsets(
        _ position: (TopicPartition, AssignedPartition) -> FetchPosition?
    ) -> [TopicPartition: OffsetAndMetadata] {
        var offsets: [TopicPartition: OffsetAndMetadata] = [:]
        for (partition, assigned) in self.partitions where assigned.hasPosition && !assigned.isArriving {
            guard let position = position(partition, assigned), position.offset != assigned.committed else { continue }
            offsets[partition] = OffsetAndMetadata(offset: position.offset, leaderEpoch: position.epoch)
        }
        return offsets
    }

    /// The group has these offsets now.
    mutating func committed(_ offsets: [TopicPartition: OffsetAndMetadata]) {
        for (partition, offset) in offsets {
            guard var assigned = self.partitions[partition] else { continue }
            assigned.committed = offset.offset
            // Who commits what is in hand is done with it: an automatic commit must not take that back.
            if let askedPast = self.askedPast(partition, assigned), askedPast.offset < offset.offset,
                offset.offset <= self.handedOut(partition, assigned).offset
            {
                assigned.askedPast = FetchPosition(offset: offset.offset, epoch: offset.leaderEpoch)
            }
            self.partitions[partition] = assigned
        }
    }
}
