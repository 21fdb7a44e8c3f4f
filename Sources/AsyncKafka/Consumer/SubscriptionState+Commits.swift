// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// The offset that is still to be committed automatically for a partition that is no longer read.
struct LeftBehind: Sendable {
    var position: FetchPosition
    var topicID: KafkaUUID
}

extension SubscriptionState {
    /// The time after which an automatic commit repeats an unchanged offset, so that it doesn't expire in the group.
    static let repeatedAfter: Duration = .seconds(60)

    /// The positions after everything delivered so far. Unchanged offsets are included, because they expire unless they
    /// are committed again.
    var handedOutOffsets: [TopicPartition: OffsetAndMetadata] {
        self.offsets { self.handedOut($0, $1) }
    }

    /// Returns the positions after everything that the reader has processed, except offsets that were committed a short
    /// time ago.
    func askedPastOffsets(now: MonotonicTime) -> [TopicPartition: OffsetAndMetadata] {
        var offsets = self.offsets { partition, assigned in
            guard let position = self.askedPast(partition, assigned) else { return nil }
            let isFresh = assigned.committedAt.map { now - $0 < Self.repeatedAfter } ?? true
            return position.offset == assigned.committed && isFresh ? nil : position
        }
        for (partition, left) in self.leftBehind where offsets[partition] == nil {
            offsets[partition] = OffsetAndMetadata(offset: left.position.offset, leaderEpoch: left.position.epoch)
        }
        return offsets
    }

    /// The positions of partitions whose records are all committed by this consumer, if only offsets without records
    /// (such as markers) follow. Committing them changes nothing for readers and reduces the lag to zero.
    var carriedOnOffsets: [TopicPartition: OffsetAndMetadata] {
        self.offsets { _, assigned in
            guard assigned.isCommittedHere, let committed = assigned.committed, assigned.unseenFrom <= committed,
                committed < assigned.position.offset
            else { return nil }
            return assigned.position
        }
    }

    /// The position after the delivered records of a partition that has a position.
    func handedOut(_ partition: TopicPartition, _ assigned: AssignedPartition) -> FetchPosition {
        guard let inHand = self.inHand, inHand.partition == partition, inHand.isUnfinished else {
            return assigned.position
        }
        return inHand.handedOut
    }

    /// Returns how many offsets haven't been delivered yet, according to the last answer; nil if unknown.
    func lag(of partition: TopicPartition) -> Int64? {
        guard let assigned = self.partitions[partition], assigned.hasPosition else { return nil }
        return self.endOffset(of: assigned).map { max(0, $0 - self.handedOut(partition, assigned).offset) }
    }

    /// The end of a partition's log for this consumer, according to the last answer.
    func endOffset(of assigned: AssignedPartition) -> Int64? {
        self.settings.isolationLevel == .readCommitted ? assigned.lastStableOffset : assigned.highWatermark
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
            guard let position = position(partition, assigned) else { continue }
            offsets[partition] = OffsetAndMetadata(offset: position.offset, leaderEpoch: position.epoch)
        }
        return offsets
    }

    /// Notes that the group has stored these offsets.
    mutating func committed(_ offsets: [TopicPartition: OffsetAndMetadata], now: MonotonicTime) {
        for (partition, offset) in offsets {
            if self.leftBehind[partition]?.position.offset == offset.offset { self.leftBehind[partition] = nil }
            guard var assigned = self.partitions[partition] else { continue }
            assigned.committed = offset.offset
            assigned.committedAt = now
            assigned.isCommittedHere = true
            // The user has committed the element in hand, so an automatic commit must not take that back.
            if let askedPast = self.askedPast(partition, assigned), askedPast.offset < offset.offset,
                offset.offset <= self.handedOut(partition, assigned).offset
            {
                assigned.askedPast = FetchPosition(offset: offset.offset, epoch: offset.leaderEpoch)
            }
            self.partitions[partition] = assigned
        }
    }

    /// Keeps the processed offsets of partitions that are about to be replaced, so that they can still be committed.
    mutating func leaveBehind(_ partitions: [TopicPartition], now: MonotonicTime) {
        let offsets = self.askedPastOffsets(now: now)
        for partition in partitions {
            guard let offset = offsets[partition], let assigned = self.partitions[partition] else { continue }
            self.leftBehind[partition] = LeftBehind(
                position: FetchPosition(offset: offset.offset, epoch: offset.leaderEpoch), topicID: assigned.topicID)
        }
    }

    /// Returns the id of the topic that a partition's offsets belong to, or nil if it isn't known.
    func topicID(of partition: TopicPartition) -> KafkaUUID? {
        let id = self.partitions[partition]?.topicID ?? self.leftBehind[partition]?.topicID
        return id == .zero ? nil : id
    }

    /// Moves positions past buffered batches without records to deliver, where the reader has received everything
    /// before them.
    mutating func passUnseen() -> Wakening {
        var wakening: Wakening = []
        // A copy of the keys: modifying the dictionary while iterating over it would copy all of it.
        for partition in Array(self.partitions.keys) {
            guard let index = self.partitions.index(forKey: partition),
                self.partitions.values[index].phase == .fetching, !self.partitions.values[index].isTaken,
                self.partitions.values[index].putBack == nil, !self.partitions.values[index].chunks.isEmpty
            else { continue }
            if let inHand = self.inHand, inHand.partition == partition, inHand.isUnfinished { continue }
            let before = self.partitions.values[index].bufferedBytes
            self.partitions.values[index].passUnseen(self.settings)
            let passed = before - self.partitions.values[index].bufferedBytes
            self.bufferedBytes -= passed
            if passed > 0 { wakening.insert(.fetchers) }
        }
        return wakening
    }
}

extension AssignedPartition {
    /// Whether the next batch may have no records to deliver, judging by its header.
    private var mayPassNext: Bool {
        guard let batch = self.chunks.first?.first else { return self.chunks.first?.failure == nil }
        return batch.isControl || batch.isTransactional || batch.count == 0 || batch.lastOffset < self.position.offset
    }

    fileprivate mutating func passUnseen(_ settings: SubscriptionState.Settings) {
        while self.mayPassNext, var chunk = self.chunks.popFirst() {
            while let batch = chunk.first {
                // A batch that can't be parsed is left for the reader, which receives the error.
                let isHidden = try? chunk.hides(
                    batch, isolation: settings.isolationLevel, checkingCRC: settings.checkCRCs)
                guard isHidden == true || batch.count == 0 || batch.lastOffset < self.position.offset else {
                    self.chunks.prepend(chunk)
                    return
                }
                _ = chunk.popFirst()
                self.bufferedBytes -= batch.bytes.count
                self.pass(batch)
            }
            if chunk.failure != nil {
                self.chunks.prepend(chunk)
                return
            }
        }
    }
}
