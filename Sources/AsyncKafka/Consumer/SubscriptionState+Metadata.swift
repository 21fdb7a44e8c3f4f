// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A position that was reset without a request of the user, and the reason, for the log.
struct PositionReset: Hashable, Sendable {
    enum Reason: Hashable, Sendable {
        case topicMadeAgain
        case outsideTheLog
        case truncated
    }

    var reason: Reason
    var offset: Int64

    init(_ reason: Reason, from assigned: AssignedPartition) {
        self.reason = reason
        self.offset = assigned.position.offset
    }
}

extension SubscriptionState {
    /// Updates leaders, and detects recreated topics. If the given metadata is older than the last one, the last one is
    /// applied to partitions that are new.
    mutating func metadataChanged(_ metadata: ClusterMetadata) -> Wakening {
        let metadata = self.newest(metadata)
        self.metadata = metadata
        for (partition, assigned) in self.partitions {
            guard let topic = metadata.topics[partition.topic], let known = topic.partition(partition.partition) else {
                continue
            }
            // What is being given up keeps the offsets of the old topic, and isn't read anymore.
            if assigned.isLeaving { continue }
            var assigned = assigned
            if assigned.isMadeAgain(topic, known) { self.beginAnew(&assigned, partition) }
            // Without an id, the metadata doesn't identify the topic.
            if topic.id != .zero { assigned.topicID = topic.id }
            if let doubted = assigned.doubtedSince, metadata.version > doubted, topic.error == .none {
                assigned.doubtedSince = nil
            }
            assigned.take(known)
            self.partitions[partition] = assigned
        }
        for (partition, left) in self.leftBehind where left.topicID != .zero {
            if let id = metadata.topics[partition.topic]?.id, id != .zero, id != left.topicID {
                self.leftBehind[partition] = nil
            }
        }
        return [.positions, .fetchers, .reader]
    }

    /// Returns the given metadata, or the last processed one if that is newer.
    func newest(_ metadata: ClusterMetadata) -> ClusterMetadata {
        metadata.version < self.metadata.version ? self.metadata : metadata
    }

    /// Starts a recreated topic according to the reset policy. Positions and commits of the old topic mean nothing in
    /// the new one, even if its log is as long.
    private mutating func beginAnew(_ assigned: inout AssignedPartition, _ partition: TopicPartition) {
        assigned.committed = nil
        assigned.committedAt = nil
        assigned.isCommittedHere = false
        assigned.leaderEpoch = nil
        assigned.highWatermark = nil
        assigned.lastStableOffset = nil
        assigned.logStartOffset = nil
        self.dropInHand(of: partition)
        guard assigned.hasPosition else {
            // The look-up in flight may return an offset of the old topic.
            self.bufferedBytes -= assigned.reset(assigned.phase)
            return
        }
        let reset = PositionReset(.topicMadeAgain, from: assigned)
        if case .none = self.settings.autoOffsetReset {
            self.bufferedBytes -= assigned.reset(.initializing)
            assigned.failure = KafkaError(
                .offsetOutOfRange,
                """
                The topic was deleted and made again: the position \(reset.offset) was one in the old topic, and \
                autoOffsetReset is none. Seek, or set it.
                """, topic: partition.topic, partition: partition.partition)
        } else {
            self.beginFromPolicy(&assigned, partition)
            self.resets[partition] = reset
        }
    }

    /// Returns the positions that were reset since the last call.
    mutating func takeResets() -> [TopicPartition: PositionReset] {
        defer { self.resets = [:] }
        return self.resets
    }
}

extension AssignedPartition {
    /// Whether the topic was recreated under the same name. Without ids, only leader epochs that start again show it.
    fileprivate func isMadeAgain(_ topic: TopicMetadata, _ known: PartitionMetadata) -> Bool {
        if self.topicID != .zero { return topic.id != .zero && topic.id != self.topicID }
        guard topic.id == .zero, let before = self.leaderEpoch, let now = known.leaderEpoch else { return false }
        return now < before
    }

    /// Updates the leader.
    fileprivate mutating func take(_ known: PartitionMetadata) {
        guard self.leader != known.leader || self.leaderEpoch != known.leaderEpoch else { return }
        let isNewEpoch = self.leaderEpoch != known.leaderEpoch
        self.leader = known.leader
        self.leaderEpoch = known.leaderEpoch
        self.preferredReplica = nil
        self.notBefore = nil
        // The old leader may take long to answer, and its answer is outdated.
        self.fetchInFlight = nil
        self.isAskedBeside = false
        switch self.phase {
        case .validating:
            self.isLookingUp = false
        case .resetting where self.isLookingUp:
            self.isLookingUp = false
            self.incarnation += 1
        case .initializing, .resetting, .fetching:
            break
        }
        if isNewEpoch { _ = self.validateIfNeeded() }
    }
}
