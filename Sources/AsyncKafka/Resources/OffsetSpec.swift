// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What offset of a partition ``KafkaAdminClient/listOffsets(_:isolationLevel:timeout:)`` looks up.
@nonexhaustive
public enum OffsetSpec: Hashable, Sendable {
    /// The offset of the oldest record, or of the next one if there is none.
    case earliest
    /// The offset after the newest record. With `.readCommitted`, that of the first record of the oldest open transaction.
    case latest
    /// The first record with at least this timestamp.
    case timestamp(Timestamp)
    /// The first record that is at most this old, by this machine's clock.
    case age(Duration)
    /// The record with the greatest timestamp (KIP-734, Kafka 3.0).
    case maxTimestamp
    /// The offset of the oldest record on the leader's own disk (KIP-405, Kafka 3.5). With tiered storage, older records may be
    /// in remote storage.
    case earliestLocal
    /// The newest record in remote storage (KIP-1005, Kafka 3.9).
    case latestTiered
    /// The oldest record that isn't yet in remote storage (KIP-1023, Kafka 4.2).
    case earliestPendingUpload
}

extension OffsetSpec: CustomStringConvertible {
    /// What is looked up, such as `earliest`.
    public var description: String {
        switch self {
        case .earliest: "earliest"
        case .latest: "latest"
        case .timestamp(let time): "from \(time)"
        case .age(let age): "from \(age) ago"
        case .maxTimestamp: "max timestamp"
        case .earliestLocal: "earliest local"
        case .latestTiered: "latest tiered"
        case .earliestPendingUpload: "earliest pending upload"
        }
    }
}
