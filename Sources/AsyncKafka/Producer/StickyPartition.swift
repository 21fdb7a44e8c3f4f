// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Where the records of a topic go that have neither key nor partition: all to one partition until a batch's worth is
/// written there, then to another (KIP-480, KIP-794). Pure: random numbers and queue lengths are arguments.
struct StickyPartition {
    /// A partition that may be chosen, and how many batches wait for its broker.
    struct Candidate {
        var partition: Int32
        var queueLength: Int
        /// Whether it has a leader, and is not failing.
        var isAvailable: Bool
    }

    /// After this many bytes a closed batch ends the stay at a partition. The batch's own size is the usual end; with
    /// linger ending batches early, this keeps a slow stream from sticking to one partition for long.
    let stay: Int
    /// The partition of the moment; nil before the first record.
    private(set) var current: Int32?
    private var bytes = 0

    init(stay: Int) {
        self.stay = stay
    }

    /// Counts what was written to the current partition.
    mutating func wrote(_ count: Int) {
        self.bytes += count
    }

    /// Whether it is time to choose another partition. Asked only when the current one has no open batch, so that no
    /// batch is left half full.
    var shouldMove: Bool { self.current == nil || self.bytes >= self.stay }

    /// Chooses the next partition: the shorter its queue, the likelier. Partitions that are not available are left out,
    /// unless all are.
    mutating func move(among candidates: [Candidate], random: UInt64) {
        self.current = Self.choose(among: candidates, random: random)
        self.bytes = 0
    }

    /// A weighted random choice; nil if there are no candidates.
    static func choose(among candidates: [Candidate], random: UInt64) -> Int32? {
        let areAvailable = candidates.contains { $0.isAvailable }
        let longest = candidates.reduce(0) { $1.isAvailable || !areAvailable ? max($0, $1.queueLength) : $0 }
        var total: UInt64 = 0
        for candidate in candidates where candidate.isAvailable || !areAvailable {
            total += UInt64(longest + 1 - candidate.queueLength)
        }
        var rest = random.multipliedFullWidth(by: total).high
        for candidate in candidates where candidate.isAvailable || !areAvailable {
            let weight = UInt64(longest + 1 - candidate.queueLength)
            if rest < weight { return candidate.partition }
            rest -= weight
        }
        return nil
    }
}
