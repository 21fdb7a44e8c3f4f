// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The partitions that a consumer reads from one broker, so that Fetch requests name only changes (KIP-227).
struct FetchSession: Sendable {
    /// A partition in a Fetch request, which names the topic by ID from version 13 on, and by name before.
    struct Key: Hashable, Sendable {
        var topic: String
        var topicID: KafkaUUID
        var partition: Int32
    }

    /// The position and limits for reading a partition.
    struct Want: Equatable, Sendable {
        var fetchOffset: Int64
        var maxBytes: Int32
        var currentLeaderEpoch: Int32 = -1
        var lastFetchedEpoch: Int32 = -1
    }

    /// The parts of a partition's result that decide whether an incremental response includes it.
    struct Outcome: Equatable, Sendable {
        var highWatermark: Int64
        var logStartOffset: Int64
        var hasRecords = false
        var hasError = false
        /// Whether there is something else to report: a diverging epoch or a preferred replica.
        var hasNews = false
    }

    private struct Known: Sendable {
        var want: Want
        var highWatermark: Int64 = -1
        var logStartOffset: Int64 = -1
    }

    let id: Int32
    let usesTopicIDs: Bool
    /// The epoch that the next request must have.
    var epoch: Int32 = 1
    var lastUsed: Int64

    private var partitions: [Key: Known] = [:]
    // The order in which partitions are read. Those that last returned records come last, so that none starves.
    private var order: [Key] = []

    init(id: Int32, usesTopicIDs: Bool, now: Int64) {
        self.id = id
        self.usesTopicIDs = usesTopicIDs
        self.lastUsed = now
    }

    var count: Int { self.order.count }
    var wants: [(key: Key, want: Want)] { self.order.compactMap { key in self.partitions[key].map { (key, $0.want) } } }

    mutating func update(_ wants: [(key: Key, want: Want)], forgetting forgotten: [Key]) {
        for (key, want) in wants {
            if self.partitions[key] == nil { self.order.append(key) }
            self.partitions[key, default: Known(want: want)].want = want
        }
        guard !forgotten.isEmpty else { return }
        for key in forgotten { self.partitions[key] = nil }
        self.order.removeAll { self.partitions[$0] == nil }
    }

    /// Records the results, and returns the partitions that an incremental response must include.
    mutating func answered(_ outcomes: [Key: Outcome]) -> Set<Key> {
        var named: Set<Key> = []
        var served: Set<Key> = []
        for (key, outcome) in outcomes {
            guard var known = self.partitions[key] else { continue }
            let isNews =
                outcome.hasRecords || outcome.hasError || outcome.hasNews
                || outcome.highWatermark != known.highWatermark || outcome.logStartOffset != known.logStartOffset
            if isNews { named.insert(key) }
            if outcome.hasRecords { served.insert(key) }
            // After an error, the partition must be included again even if its offsets are unchanged.
            known.highWatermark = outcome.hasError ? -1 : outcome.highWatermark
            known.logStartOffset = outcome.logStartOffset
            self.partitions[key] = known
        }
        if !served.isEmpty {
            self.order = self.order.filter { !served.contains($0) } + self.order.filter { served.contains($0) }
        }
        return named
    }
}
