// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// What became of a commit that failed for several partitions, or for some and not for others: the `underlyingError` of what
/// `commit` throws then.
public struct PartialCommitError: Error, Sendable {
    /// What the group has now; empty if nothing was stored.
    public var stored: [TopicPartition: OffsetAndMetadata]
    /// Why the others were not stored. Where an error's `isOutcomeUnknown` is set, it may be stored all the same.
    public var failures: [TopicPartition: KafkaError]
}

/// A commit on its way: which offsets the group has, which it refused, and which are still to be sent. Pure.
struct OffsetCommitProgress: Sendable {
    private(set) var remaining: [TopicPartition: OffsetAndMetadata]
    private(set) var stored: [TopicPartition: OffsetAndMetadata] = [:]
    private var newlyStored: [TopicPartition: OffsetAndMetadata] = [:]
    private var refused: [TopicPartition: KafkaError] = [:]
    /// The last refusals of those that remain.
    private var lastRefusals: [TopicPartition: KafkaError] = [:]
    /// What became of the last request, if it was not answered.
    private var requestFailure: KafkaError?

    init(_ offsets: [TopicPartition: OffsetAndMetadata]) {
        self.remaining = offsets
    }

    /// Whether what remains would be refused again.
    var isOver: Bool { self.requestFailure.map { !$0.isRetriable } ?? false }

    /// Those of which the coordinator doesn't know the topic.
    var unknown: [TopicPartition] {
        self.lastRefusals.filter { $0.value.code == .unknownTopicOrPartition }.map(\.key)
    }

    mutating func wasStored(_ partition: TopicPartition) {
        guard let offset = self.remaining.removeValue(forKey: partition) else { return }
        self.stored[partition] = offset
        self.newlyStored[partition] = offset
        self.lastRefusals[partition] = nil
    }

    mutating func wasRefused(_ partition: TopicPartition, _ error: KafkaError, mayHeal: Bool) {
        guard self.remaining[partition] != nil else { return }
        var error = error
        error.isRetriable = mayHeal
        if mayHeal {
            self.lastRefusals[partition] = error
        } else {
            self.refuse(partition, error)
        }
    }

    private mutating func refuse(_ partition: TopicPartition, _ error: KafkaError) {
        self.remaining[partition] = nil
        self.lastRefusals[partition] = nil
        self.refused[partition] = error
    }

    /// All of an answer has been taken. What it has left out is sent again. Returns what was stored since the last one.
    mutating func answered(group: String) -> [TopicPartition: OffsetAndMetadata] {
        defer { self.newlyStored = [:] }
        self.requestFailure = nil
        for partition in self.remaining.keys where self.lastRefusals[partition] == nil {
            self.lastRefusals[partition] = KafkaError(
                .protocolError, "The broker's answer to a commit leaves a partition out.", topic: partition.topic,
                partition: partition.partition, group: group, isRetriable: true)
        }
        return self.newlyStored
    }

    /// Gives up those of which the topic isn't known, as far as that is for good.
    mutating func refuseUnknown(_ isGone: (TopicPartition) -> Bool = { _ in true }) {
        for partition in self.unknown where isGone(partition) {
            guard var error = self.lastRefusals[partition] else { continue }
            error.isRetriable = false
            self.refuse(partition, error)
        }
    }

    mutating func requestFailed(_ error: KafkaError) {
        self.requestFailure = error
    }

    /// What to throw when nothing more is sent; nil if all is stored.
    var failure: KafkaError? {
        var failures = self.refused
        for partition in self.remaining.keys {
            failures[partition] = self.requestFailure ?? self.lastRefusals[partition]
        }
        guard let first = failures.min(by: { $0.key < $1.key }) else { return nil }
        // It concerns them all.
        if self.stored.isEmpty, self.refused.isEmpty, let failure = self.requestFailure { return failure }
        if failures.count == 1, self.stored.isEmpty { return first.value }
        var error = first.value
        error.topic = first.key.topic
        error.partition = first.key.partition
        error.isRetriable = failures.values.allSatisfy(\.isRetriable)
        error.isOutcomeUnknown = failures.values.contains(where: \.isOutcomeUnknown)
        error.underlyingError = PartialCommitError(stored: self.stored, failures: failures)
        let others = failures.sorted { $0.key < $1.key }.dropFirst()
        if !others.isEmpty {
            error.message += " Not stored, too: " + Self.list(others.map { "\($0.key) (\(Self.reason($0.value)))" })
        }
        error.message +=
            self.stored.isEmpty
            ? " None was stored." : " Stored: " + Self.list(self.stored.keys.sorted().map(\.description))
        return error
    }

    private static func reason(_ error: KafkaError) -> String {
        error.brokerCode?.name ?? error.code.description
    }

    /// The first few of them.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(10).joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more." : "\(shown)."
    }
}
