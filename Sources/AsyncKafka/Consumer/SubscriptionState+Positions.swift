// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// A look-up of a partition's position at the group's coordinator or the partition's leader.
struct PositionLookup: Sendable {
    enum Kind: Hashable, Sendable {
        case committed
        case list(OffsetTarget)
        /// The end of the log in the leader epoch of the last record read.
        case endOfEpoch(Int32)
    }

    var partition: TopicPartition
    var incarnation: Int
    var kind: Kind
    var leader: Int32?
    var leaderEpoch: Int32?
}

extension SubscriptionState {
    /// Returns the look-ups that are due, which count as in flight from then on, and otherwise the time when one will
    /// be due.
    mutating func beginLookups(now: MonotonicTime) -> (due: [PositionLookup], next: MonotonicTime?) {
        var due: [PositionLookup] = []
        var next: MonotonicTime?
        for (partition, assigned) in self.partitions
        where !assigned.isLookingUp && assigned.failure == nil
            && (!assigned.isLeaving && !assigned.isArriving || assigned.isPositionWanted)
        {
            let kind: PositionLookup.Kind
            switch assigned.phase {
            case .fetching: continue
            case .initializing: kind = .committed
            case .resetting(let target): kind = .list(target)
            case .validating:
                guard let epoch = assigned.fetchPosition.epoch else {
                    self.partitions[partition]?.phase = .fetching
                    continue
                }
                kind = .endOfEpoch(epoch)
            }
            if kind != .committed, assigned.leader == nil { continue }
            if let time = assigned.notBefore, time > now {
                next = min(next ?? time, time)
                continue
            }
            if kind == .committed, !self.settings.hasGroup {
                var assigned = assigned
                self.beginFromPolicy(&assigned, partition)
                self.partitions[partition] = assigned
                next = now
                continue
            }
            self.partitions[partition]?.isLookingUp = true
            if kind == .committed { self.partitions[partition]?.committedAt = now }
            due.append(
                PositionLookup(
                    partition: partition, incarnation: assigned.incarnation, kind: kind, leader: assigned.leader,
                    leaderEpoch: assigned.leaderEpoch))
        }
        return (due, next)
    }

    /// Ends a look-up and returns its partition, if the look-up still matters. If it doesn't, another one may be due.
    private mutating func finish(_ lookup: PositionLookup) -> AssignedPartition? {
        guard var assigned = self.partitions[lookup.partition], assigned.incarnation == lookup.incarnation,
            assigned.isLookingUp
        else { return nil }
        // The position has to be compared with the log of the current leader.
        if case .endOfEpoch = lookup.kind, lookup.leaderEpoch != assigned.leaderEpoch { return nil }
        assigned.isLookingUp = false
        assigned.notBefore = nil
        return assigned
    }

    /// Ends a successful look-up and returns its partition, if the look-up still matters.
    private mutating func answered(_ lookup: PositionLookup) -> AssignedPartition? {
        guard let assigned = self.finish(lookup) else { return nil }
        self.served(lookup.partition)
        return assigned
    }

    /// Processes the group's committed offset; nil if it has none.
    mutating func committedFound(_ lookup: PositionLookup, _ committed: OffsetAndMetadata?) -> Wakening {
        guard var assigned = self.answered(lookup) else { return [.positions] }
        defer { self.partitions[lookup.partition] = assigned }
        assigned.isChosen = false
        guard let committed else {
            if let origin = assigned.origin {
                self.bufferedBytes -= assigned.move(to: origin)
                return [.fetchers]
            }
            self.beginFromPolicy(&assigned, lookup.partition)
            return assigned.failure == nil ? [.positions] : [.reader]
        }
        self.bufferedBytes -= assigned.move(to: FetchPosition(offset: committed.offset, epoch: committed.leaderEpoch))
        assigned.committed = committed.offset
        return assigned.validateIfNeeded() ? [.positions] : [.fetchers]
    }

    /// Processes an offset in the leader's log.
    mutating func offsetFound(_ lookup: PositionLookup, offset: Int64, epoch: Int32?) -> Wakening {
        guard var assigned = self.answered(lookup) else { return [.positions] }
        self.bufferedBytes -= assigned.move(to: FetchPosition(offset: offset, epoch: epoch))
        assigned.origin = assigned.position
        self.partitions[lookup.partition] = assigned
        return [.fetchers]
    }

    /// Replaces a look-up that had no result with another one.
    mutating func redirect(_ lookup: PositionLookup, to target: OffsetTarget) -> Wakening {
        guard var assigned = self.answered(lookup) else { return [.positions] }
        assigned.phase = .resetting(target)
        self.partitions[lookup.partition] = assigned
        return [.positions]
    }

    /// Processes the end offset of the leader's log in the epoch of the last record read; nil if the leader doesn't
    /// know it.
    mutating func endOfEpochFound(_ lookup: PositionLookup, endOffset: Int64?) -> Wakening {
        guard var assigned = self.answered(lookup) else { return [.positions] }
        defer { self.partitions[lookup.partition] = assigned }
        assigned.phase = .fetching
        // An unknown epoch doesn't prove that records were lost.
        guard let endOffset, endOffset < assigned.fetchPosition.offset else { return [.fetchers, .reader] }
        self.bufferedBytes -= assigned.beginAgain()
        guard endOffset < assigned.position.offset else { return [.fetchers] }
        if case .none = self.settings.autoOffsetReset {
            assigned.failure = KafkaError(
                .logTruncated,
                """
                Records that were read are gone from the log: the position is \(assigned.position.offset), and the log \
                ends at \(endOffset) in that leader's time. Seek there to go on.
                """, topic: lookup.partition.topic, partition: lookup.partition.partition)
            return [.reader]
        }
        self.resets[lookup.partition] = PositionReset(.truncated, from: assigned)
        self.bufferedBytes -= assigned.move(to: FetchPosition(offset: endOffset, epoch: assigned.fetchPosition.epoch))
        self.dropInHand(of: lookup.partition)
        return [.fetchers, .positions]
    }

    /// Notes a failed look-up. It is retried at `time`, or the reader receives the error if it isn't retriable.
    ///
    /// - Parameter isToldElsewhere: whether the error is logged elsewhere.
    mutating func lookupFailed(
        _ lookup: PositionLookup, _ error: KafkaError, now: MonotonicTime, retryAt time: MonotonicTime,
        isToldElsewhere: Bool = false
    ) -> Wakening {
        guard var assigned = self.finish(lookup) else { return [.positions] }
        defer { self.partitions[lookup.partition] = assigned }
        assigned.notBefore = time
        if error.isRetriable {
            self.refused(lookup.partition, error, now: now, isToldElsewhere: isToldElsewhere)
            return [.positions]
        }
        assigned.failure = error
        return [.reader]
    }

    /// Accepts a position that the broker is too old to validate.
    mutating func cannotValidate(_ lookup: PositionLookup) -> Wakening {
        self.endOfEpochFound(lookup, endOffset: nil)
    }
}

extension AssignedPartition {
    /// Begins to validate a position whose leader epoch is older than the current leader's (KIP-320).
    mutating func validateIfNeeded() -> Bool {
        guard self.phase == .fetching, let epoch = self.fetchPosition.epoch, let leaderEpoch = self.leaderEpoch,
            leaderEpoch > epoch
        else { return false }
        // The incarnation stays the same, because otherwise a batch that is being handed to the reader would be lost.
        self.phase = .validating
        self.isLookingUp = false
        return true
    }
}
