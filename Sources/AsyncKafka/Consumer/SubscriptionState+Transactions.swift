// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Positions after transactions that have offsets of this consumer.
extension SubscriptionState {
    /// Moves a partition back to where a transaction that was aborted began.
    mutating func goBack(_ partition: TopicPartition, to offset: Int64) {
        guard var assigned = self.partitions[partition] else { return }
        self.bufferedBytes -= assigned.move(to: FetchPosition(offset: offset))
        self.partitions[partition] = assigned
        self.dropInHand(of: partition)
    }

    /// Moves a partition back to the last commit: to the group's committed offset, unless the reader was told to read elsewhere since.
    ///
    /// - Parameter isUndecided: whether the transaction may be committed, so that only the group's offset is right.
    mutating func goBackToCommitted(_ partition: TopicPartition, isUndecided: Bool) {
        guard var assigned = self.partitions[partition] else { return }
        if let origin = assigned.origin, !isUndecided {
            self.bufferedBytes -= assigned.move(to: origin)
        } else {
            self.bufferedBytes -= assigned.reset(.initializing)
        }
        assigned.isSetBack = true
        self.partitions[partition] = assigned
        self.dropInHand(of: partition)
    }

    /// Lets assigned partitions look up the group's committed offsets again from which nothing was read since: another instance may
    /// have committed meanwhile. A place that the reader has chosen stays.
    mutating func lookUpCommittedAgain() {
        guard case .partitions = self.subscription else { return }
        for (partition, assigned) in self.partitions where assigned.isWhereGroupIs {
            var assigned = assigned
            self.bufferedBytes -= assigned.reset(.initializing)
            self.partitions[partition] = assigned
            self.dropInHand(of: partition)
        }
    }

    /// Notes that a transaction with these offsets is committed. What an earlier attempt has set back goes on behind them.
    mutating func committedInTransaction(_ offsets: [TopicPartition: OffsetAndMetadata]) {
        for (partition, offset) in offsets {
            guard var assigned = self.partitions[partition] else { continue }
            assigned.origin = nil
            if assigned.isSetBack, assigned.phase != .fetching || assigned.position.offset < offset.offset {
                self.bufferedBytes -= assigned.move(
                    to: FetchPosition(offset: offset.offset, epoch: offset.leaderEpoch))
                self.dropInHand(of: partition)
            }
            assigned.isSetBack = false
            self.partitions[partition] = assigned
        }
    }
}

extension AssignedPartition {
    /// Whether the position is the group's committed offset as it was looked up, or the policy's because there was none, and nothing
    /// was read from there.
    fileprivate var isWhereGroupIs: Bool {
        if self.isChosen { return false }
        return switch self.phase {
        case .initializing: true
        case .fetching, .validating:
            self.committed == nil
                ? self.committedAt != nil && self.origin?.offset == self.unseenFrom
                : self.origin == nil && self.committed == self.unseenFrom
        case .resetting: false
        }
    }
}
