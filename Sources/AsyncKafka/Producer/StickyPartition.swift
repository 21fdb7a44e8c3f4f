// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Selects the partition for a topic's records that have neither key nor partition: all go to one partition until a
/// batch's worth is written there, then to another (KIP-480, KIP-794). Pure: random numbers and queue lengths are
/// arguments.
struct StickyPartition {
    /// A partition that may be selected, and the number of batches that wait for its broker.
    struct Candidate {
        var partition: Int32
        var queueLength: Int
        /// Whether the partition has a leader and isn't failing.
        var isAvailable: Bool
    }

    /// The number of bytes after which a closed batch ends the stay at a partition. Usually a full batch does. If
    /// linger closes batches early, this limit prevents a slow stream from staying at one partition for long.
    let stay: Int
    /// The current partition. Nil before the first record.
    private(set) var current: Int32?
    private var bytes = 0

    init(stay: Int) {
        self.stay = stay
    }

    /// Counts bytes written to the current partition.
    mutating func wrote(_ count: Int) {
        self.bytes += count
    }

    /// Whether to select another partition. Evaluated only while the current one has no open batch, so that no batch
    /// stays half full.
    var shouldMove: Bool { self.current == nil || self.bytes >= self.stay }

    /// Selects the next partition. Partitions with shorter queues are more likely, and unavailable ones are excluded
    /// unless all are.
    mutating func move(among candidates: [Candidate], random: UInt64) {
        self.current = Self.choose(among: candidates, random: random)
        self.bytes = 0
    }

    /// Makes a weighted random choice. Returns nil if there are no candidates.
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
