// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A position in a log that the leader resolves to an offset.
enum OffsetTarget: Hashable, Sendable {
    case earliest
    case latest
    /// The first record with at least this timestamp, in milliseconds since 1970.
    case timestamp(Int64)
    /// The first record that is at most this old (KIP-1106).
    case age(Duration)
    /// The record with the greatest timestamp (KIP-734).
    case maxTimestamp
    /// The first record on the leader's own disk (KIP-405).
    case earliestLocal
    /// The last record in remote storage (KIP-1005).
    case latestTiered
    /// The first record that isn't in remote storage (KIP-1023).
    case earliestPendingUpload
}

extension OffsetTarget {
    /// The timestamp field in ListOffsets. Special values are negative.
    func timestamp(now: Int64) -> Int64 {
        switch self {
        case .latest: -1
        case .earliest: -2
        case .maxTimestamp: -3
        case .earliestLocal: -4
        case .latestTiered: -5
        case .earliestPendingUpload: -6
        case .timestamp(let milliseconds): milliseconds
        case .age(let age): max(0, now - age.clampedMilliseconds)
        }
    }

    /// The version of ListOffsets from which on brokers know the target, with the Kafka release that has it. Nil if all have.
    var requirement: (version: Int16, release: String)? {
        switch self {
        case .earliest, .latest, .timestamp, .age: nil
        case .maxTimestamp: (7, "3.0")
        case .earliestLocal: (8, "3.5")
        case .latestTiered: (9, "3.9")
        case .earliestPendingUpload: (11, "4.2")
        }
    }
}

extension OffsetSpec {
    var target: OffsetTarget {
        switch self {
        case .earliest: .earliest
        case .latest: .latest
        case .timestamp(let time): .timestamp(time.millisecondsSince1970)
        case .age(let age): .age(age)
        case .maxTimestamp: .maxTimestamp
        case .earliestLocal: .earliestLocal
        case .latestTiered: .latestTiered
        case .earliestPendingUpload: .earliestPendingUpload
        }
    }
}
