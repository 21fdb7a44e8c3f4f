// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// What is yet to be committed of a partition that is not read any more.
struct LeftBehind: Sendable {
    var position: FetchPosition
    var topicID: KafkaUUID
}

extension SubscriptionState {
    /// An automatic commit repeats an offset that has not changed for this long, so that it doesn't expire in the group.
    static let repeatedAfter: Duration = .seconds(60)

    /// Everything handed out so far, also what the group has already: an offset that nobody commits again expires.
    var handedOutOffsets: [TopicPartition: OffsetAndMetadata] {
        self.offsets { self.handedOut($0, $1) }
    }

    /// Everything that the reader has processed, except offsets that the group was given a short time ago.
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

    /// Where this consumer has committed all that there is to read, and what came later up to the position is nothing to
    /// read: markers, say. A commit that covers them too changes nothing for readers, and takes the lag away.
    var carriedOnOffsets: [TopicPartition: OffsetAndMetadata] {
        self.offsets { _, assigned in
            guard assigned.isCommittedHere, let committed = assigned.committed, assigned.unseenFrom <= committed,
                committed < assigned.position.offset
            else { return nil }
            return assigned.position
        }
    }

    /// The position after what the reader has of a partition that has a position.
    func handedOut(_ partition: TopicPartition, _ assigned: AssignedPartition) -> FetchPosition {
        guard let inHand = self.inHand, inHand.partition == partition, inHand.isUnfinished else {
            return assigned.position
        }
        return inHand.handedOut
    }

    /// The number of records that the reader hasn't been given yet, as of the last answer; nil if that isn't known.
    func lag(of partition: TopicPartition) -> Int64? {
        guard let assigned = self.partitions[partition], assigned.hasPosition else { return nil }
        let end = self.settings.isolationLevel == .readCommitted ? assigned.lastStableOffset : assigned.highWatermark
        return end.map { max(0, $0 - self.handedOut(partition, assigned).offset) }
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

    /// The group has these offsets now.
    mutating func committed(_ offsets: [TopicPartition: OffsetAndMetadata], now: MonotonicTime) {
        for (partition, offset) in offsets {
            if self.leftBehind[partition]?.position.offset == offset.offset { self.leftBehind[partition] = nil }
            guard var assigned = self.partitions[partition] else { continue }
            assigned.committed = offset.offset
            assigned.committedAt = now
            assigned.isCommittedHere = true
            // Who commits what is in hand is done with it: an automatic commit must not take that back.
            if let askedPast = self.askedPast(partition, assigned), askedPast.offset < offset.offset,
                offset.offset <= self.handedOut(partition, assigned).offset
            {
                assigned.askedPast = FetchPosition(offset: offset.offset, epoch: offset.leaderEpoch)
            }
            self.partitions[partition] = assigned
        }
    }

    /// Notes what is yet to be committed of partitions that are about to be replaced.
    mutating func leaveBehind(_ partitions: [TopicPartition], now: MonotonicTime) {
        let offsets = self.askedPastOffsets(now: now)
        for partition in partitions {
            guard let offset = offsets[partition], let assigned = self.partitions[partition] else { continue }
            self.leftBehind[partition] = LeftBehind(
                position: FetchPosition(offset: offset.offset, epoch: offset.leaderEpoch), topicID: assigned.topicID)
        }
    }

    /// The id of the topic that a partition's offsets belong to; nil if it isn't known.
    func topicID(of partition: TopicPartition) -> KafkaUUID? {
        let id = self.partitions[partition]?.topicID ?? self.leftBehind[partition]?.topicID
        return id == .zero ? nil : id
    }

    /// Moves positions over buffered batches that are nothing to read, where the reader has had all that comes before.
    mutating func passUnseen() -> Wakening {
        var wakening: Wakening = []
        // A list of its own: changing what is gone through would copy all of it.
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
    /// Whether the next batch, by its header, may be nothing to read.
    private var mayPassNext: Bool {
        guard let batch = self.chunks.first?.first else { return self.chunks.first?.failure == nil }
        return batch.isControl || batch.isTransactional || batch.count == 0 || batch.lastOffset < self.position.offset
    }

    fileprivate mutating func passUnseen(_ settings: SubscriptionState.Settings) {
        while self.mayPassNext, var chunk = self.chunks.popFirst() {
            while let batch = chunk.first {
                // What can't be understood is for the reader to come upon.
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
