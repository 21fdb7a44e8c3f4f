// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Where ``KafkaAdminClient/resetGroupOffsets(of:partitions:to:dryRun:timeout:)`` sets a group's committed offsets. Offsets outside
/// of a partition's log become its start or its end.
@nonexhaustive
public enum OffsetReset: Hashable, Sendable {
    /// The start of the log.
    case earliest
    /// The end of the log.
    case latest
    /// The first record with at least this timestamp, or the end of the log if there is none.
    case timestamp(Timestamp)
    /// The first record that is at most this old by this machine's clock, or the end of the log if there is none.
    case age(Duration)
    /// The committed offset moved by a number of records: forward if it is positive, back if it is negative.
    case shift(by: Int64)
    /// This offset.
    case offset(Int64)
    /// The offsets that another group has committed. Partitions without one stay as they are.
    case group(String)
}

extension OffsetReset: CustomStringConvertible {
    /// The aim, such as `earliest` or `shift by -100`.
    public var description: String {
        switch self {
        case .earliest: "earliest"
        case .latest: "latest"
        case .timestamp(let time): "from \(time)"
        case .age(let age): "from \(age) ago"
        case .shift(let count): "shift by \(count)"
        case .offset(let offset): "offset \(offset)"
        case .group(let group): "offsets of group \(group)".printable
        }
    }
}

/// A change of a group's committed offset in a partition.
public struct OffsetChange: Hashable, Sendable {
    /// The partition.
    public var partition: TopicPartition
    /// The offset that was committed before. Nil if there was none.
    public var current: Int64?
    /// The offset that is committed now, or would be without a dry run.
    public var new: Int64
}

extension OffsetChange: CustomStringConvertible {
    /// The partition and both offsets, such as `orders-0: 17 → 0`.
    public var description: String {
        "\(self.partition.description.printable): \(self.current.map { "\($0)" } ?? "none") → \(self.new)"
    }
}
