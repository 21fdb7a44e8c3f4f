// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The result of a commit that failed for several partitions, or for some of them only. It is the `underlyingError` of
/// the error that `commit` throws.
public struct PartialCommitError: Error, Sendable {
    /// The offsets that were stored; empty if none were.
    public var stored: [TopicPartition: OffsetAndMetadata]
    /// The errors of the partitions that were not stored. If an error's `isOutcomeUnknown` is set, the offset may have
    /// been stored.
    public var failures: [TopicPartition: KafkaError]
}

/// The progress of a commit: the offsets that were stored, refused, and are still to be sent. Pure.
struct OffsetCommitProgress: Sendable {
    private(set) var remaining: [TopicPartition: OffsetAndMetadata]
    private(set) var stored: [TopicPartition: OffsetAndMetadata] = [:]
    private var newlyStored: [TopicPartition: OffsetAndMetadata] = [:]
    private var refused: [TopicPartition: KafkaError] = [:]
    /// The last refusal of each remaining partition.
    private var lastRefusals: [TopicPartition: KafkaError] = [:]
    /// The error of the last request, if it was not answered.
    private var requestFailure: KafkaError?

    init(_ offsets: [TopicPartition: OffsetAndMetadata]) {
        self.remaining = offsets
    }

    /// Whether the remaining offsets would be refused again.
    var isOver: Bool { self.requestFailure.map { !$0.isRetriable } ?? false }

    /// The remaining partitions whose topic the coordinator doesn't know.
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

    /// Completes the processing of an answer. Partitions that it omits are sent again. Returns the offsets that were
    /// stored since the last answer.
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

    /// Refuses the partitions whose topic the coordinator doesn't know, if the topic is gone.
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

    /// The error to throw when nothing more is sent; nil if everything is stored.
    var failure: KafkaError? {
        var failures = self.refused
        for partition in self.remaining.keys {
            failures[partition] = self.requestFailure ?? self.lastRefusals[partition]
        }
        guard let first = failures.min(by: { $0.key < $1.key }) else { return nil }
        // The failure of the request concerns all partitions.
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

    /// Returns the first few names as text.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(10).joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more." : "\(shown)."
    }
}
