// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// How far a group is behind the ends of its partitions.
public struct GroupLag: Hashable, Sendable {
    /// The group's id.
    public var group: String
    /// The partitions that the group has committed offsets for or that its members have, by topic and number.
    public var partitions: [PartitionLag]

    /// The sum of the known lags. Negative ones count as 0.
    public var total: Int64 {
        self.partitions.reduce(0) { $0.addingClamped(max(0, $1.lag ?? 0)) }
    }
}

extension GroupLag: CustomStringConvertible {
    /// A line for the group and one for each partition.
    public var description: String {
        "\(self.group.printable): lag \(self.total) in \(counted(self.partitions.count, "partition"))"
            + self.partitions.map { "\n  \($0)" }.joined()
    }
}

/// How far a group is behind the end of a partition.
public struct PartitionLag: Hashable, Sendable {
    /// The partition.
    public var partition: TopicPartition
    /// The committed offset. Nil if none is committed.
    public var committed: OffsetAndMetadata?
    /// The end of the log, or with `.readCommitted` the start of the oldest open transaction. Nil if the partition doesn't
    /// exist any more.
    public var logEnd: Int64?
    /// The id of the member that has the partition. Nil if none has.
    public var memberID: String?

    /// The number of offsets from the committed one to the end of the log. It is negative if the log ends before, as after
    /// a topic was created anew. Nil if either is unknown.
    public var lag: Int64? {
        guard let committed, let logEnd else { return nil }
        return logEnd.subtractingReportingOverflow(committed.offset).partialValue
    }
}

extension PartitionLag: CustomStringConvertible {
    /// The partition on one line, such as `orders-0: lag 5 (committed 12, end 17)`.
    public var description: String {
        let committed = self.committed.map { "\($0.offset)" } ?? "none"
        let end = self.logEnd.map { "\($0)" } ?? "none"
        let lag = self.lag.map { "\($0)" } ?? "unknown"
        return "\(self.partition): lag \(lag) (committed \(committed), end \(end))".printable
    }
}
