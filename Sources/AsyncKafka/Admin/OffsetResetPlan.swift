// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Plans the new committed offsets of a group. Pure: it is told what is committed and where the logs start and end.
struct OffsetResetPlan {
    var target: OffsetReset
    var group: String
    /// The committed offsets of the group.
    var current: [TopicPartition: Int64]
    /// The committed offsets of the other group, if the target is one.
    var others: [TopicPartition: Int64] = [:]

    /// What must be looked up in a partition besides the start and the end of its log.
    var lookUp: OffsetTarget? {
        switch self.target {
        case .timestamp(let time): .timestamp(time.millisecondsSince1970)
        case .age(let age): .age(age)
        case .earliest, .latest, .shift, .offset, .group: nil
        }
    }

    /// The change of a partition with this log, or nil if it stays as it is.
    ///
    /// - Parameter found: The offset that was looked up, or nil if no record matches.
    func change(
        of partition: TopicPartition, log: ClosedRange<Int64>, found: Int64?
    ) throws(KafkaError) -> OffsetChange? {
        let current = self.current[partition]
        let wanted: Int64
        switch self.target {
        case .earliest: wanted = log.lowerBound
        case .latest: wanted = log.upperBound
        case .timestamp, .age: wanted = found ?? log.upperBound
        case .offset(let offset): wanted = offset
        case .shift(let count):
            guard let current else {
                throw KafkaError(
                    .invalidArgument, "The group has no committed offset in the partition that could be shifted.",
                    topic: partition.topic, partition: partition.partition, group: self.group)
            }
            let (sum, overflow) = current.addingReportingOverflow(count)
            wanted = overflow ? (count < 0 ? log.lowerBound : log.upperBound) : sum
        case .group:
            guard let other = self.others[partition] else { return nil }
            wanted = other
        }
        return OffsetChange(
            partition: partition, current: current, new: min(max(wanted, log.lowerBound), log.upperBound))
    }
}
