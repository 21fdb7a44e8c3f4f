// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Offsets of a group that become the group's with the commit of a transaction.
struct OffsetsToCommit: Hashable, Sendable {
    /// Distinguishes it from others of the producer.
    let id: UInt64
    var identity: CommitIdentity
    var offsets: [TopicPartition: OffsetAndMetadata]
    /// The ids of the topics. Nil if one of them isn't known.
    var topicIDs: [String: KafkaUUID]?
}

/// A transaction that has begun and not ended yet. Pure.
struct OpenTransaction {
    /// Whether the coordinator knows that a partition or group takes part.
    enum Membership: Hashable, Sendable { case wanted, added }

    let number: UInt64
    let identity: ProducerIdentity
    let version: TransactionVersion
    /// The partitions that have records, or will have.
    var partitions: [TopicPartition: Membership] = [:]
    var groups: [String: Membership] = [:]
    /// The offsets that the groups' coordinators don't have yet.
    var offsets: [OffsetsToCommit] = []
    /// Why the transaction can only be aborted.
    var abortReason: KafkaError?
    /// Whether the coordinator may know of the transaction. If it doesn't, there is nothing to end.
    var mayBeKnown = false
    /// Whether a request may have taken effect without an answer. A late one could reach into the next transaction.
    private(set) var hasUnknownOutcome = false
    /// Whether it may be committed, although no answer says so.
    private(set) var mayBeCommitted = false

    /// The request that adds to the transaction what it doesn't have yet.
    var addition: TransactionStateMachine.Request? {
        let partitions = self.partitions.filter { $0.value == .wanted }
        if !partitions.isEmpty { return .addPartitions(Set(partitions.keys), self.identity) }
        if let group = self.groups.filter({ $0.value == .wanted }).keys.min() {
            return .addOffsets(group: group, self.identity)
        }
        return self.offsets.first.map { .commitOffsets($0, self.identity, self.version) }
    }

    /// Notes that a request has taken effect.
    mutating func done(_ request: TransactionStateMachine.Request) {
        self.mayBeKnown = true
        switch request {
        case .addPartitions(let partitions, _):
            for partition in partitions { self.partitions[partition] = .added }
        case .addOffsets(let group, _):
            self.groups[group] = .added
        case .commitOffsets(let offsets, _, _):
            self.offsets.removeAll { $0.id == offsets.id }
        case .initialize, .end:
            break
        }
    }

    /// Notes that a request may have taken effect.
    mutating func outcomeIsUnknown(of request: TransactionStateMachine.Request) {
        self.mayBeKnown = true
        self.hasUnknownOutcome = true
        if case .end(.commit, _, _) = request { self.mayBeCommitted = true }
    }
}
