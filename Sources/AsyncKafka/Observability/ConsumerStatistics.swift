// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a consumer counts and measures.
public struct ConsumerStatistics: KafkaStatistics, Hashable {
    /// The records that were fetched ahead and not delivered yet.
    public struct Buffer: Hashable, Sendable {
        /// The maximum size in bytes (`maxPrefetchBytes`).
        public var size: Int
        /// The bytes of the answers that contain them.
        public var used: Int
    }

    /// An assigned partition.
    public struct Partition: Hashable, Sendable {
        /// The partition.
        public var topicPartition: TopicPartition
        /// The id of the leader; nil if there is none or it isn't known.
        public var leader: Int32?
        /// The offset of the next record to deliver; nil until it is found.
        public var position: Int64?
        /// The group's committed offset as far as this consumer knows it.
        public var committedOffset: Int64?
        /// The end of the log for this consumer according to the last answer: the high watermark, or with `.readCommitted` the
        /// first offset of the oldest open transaction. Nil before the first answer.
        public var endOffset: Int64?
        /// The number of offsets that haven't been delivered, as `KafkaConsumer.lag(of:)` returns it.
        public var lag: Int64?
        /// The bytes of records that were fetched ahead.
        public var bufferedBytes: Int
        /// Whether the partition is paused.
        public var isPaused: Bool
        /// Why the last fetches or look-ups of the partition failed; nil if they didn't.
        public var error: String?
    }

    /// The membership of a group.
    public struct Group: Hashable, Sendable {
        /// The group's id.
        public var groupID: String
        /// The protocol that the member uses: `classic` or `consumer` (KIP-848). With `.automatic`, the one that it has chosen or
        /// tries now.
        public var groupProtocol: String
        /// The state of the membership, by the names of its protocol's states: `stable` if no rebalance is in progress.
        public var state: String
        /// The member's id at the coordinator; empty if it has none.
        public var memberID: String
        /// The name of a static member (`groupInstanceID`).
        public var instanceID: String?
        /// The generation of a classic group, or the member's epoch in the consumer protocol; nil outside of the group.
        public var epoch: Int32?
        /// The number of rebalances that this member has gone through, with the one in which it joined.
        public var rebalances: Int
        /// The total time of rebalances. A rebalance lasts from the moment when the member joins, or has to give up or take over
        /// partitions, until it has its assignment, and includes commits and the listener.
        public var rebalanceTime: Duration
        /// The duration of the last rebalance.
        public var lastRebalanceTime: Duration?
        /// The time since the current rebalance began; nil if there is none.
        public var rebalancingFor: Duration?
    }

    /// The connections and requests.
    public var client: ClientStatistics
    /// The membership; nil without a `groupID`.
    public var group: Group?
    /// The records that were fetched ahead.
    public var buffer: Buffer
    /// The assigned partitions, sorted.
    public var partitions: [Partition]

    /// The records that were delivered to the application.
    public var records: StatisticsCount
    /// The bytes of batches that were delivered, as the broker stores them.
    public var bytes: StatisticsCount
    /// The batches that were delivered.
    public var batches: StatisticsCount

    /// The times from sending a Fetch to its response. A broker without new records waits up to `fetchMaxWait`.
    public var fetchLatency: StatisticsDistribution<Duration>
    /// The bytes of records in an answer to a Fetch, with the answers that had none.
    public var fetchSize: StatisticsDistribution<Double>
    /// The durations of commits that succeeded, including the wait for earlier ones.
    public var commitLatency: StatisticsDistribution<Duration>
    /// The commits that failed.
    public var failedCommits: StatisticsCount

    /// The sum of the lags of all partitions whose lag is known.
    public var lag: Int64 { self.partitions.reduce(0) { $0 &+ ($1.lag ?? 0) } }
}

extension ConsumerStatistics {
    var tree: StatisticsTree {
        .object([
            ("client", self.client.tree), ("group", .optional(self.group, \.tree)), ("buffer", self.buffer.tree),
            ("partitions", .list(self.partitions.map(\.tree))), ("lag", .integer(self.lag)),
            ("records", self.records.tree), ("bytes", self.bytes.treeOfBytes), ("batches", self.batches.tree),
            ("fetchLatency", self.fetchLatency.tree), ("fetchSize", self.fetchSize.treeOfBytes),
            ("commitLatency", self.commitLatency.tree), ("failedCommits", self.failedCommits.tree),
        ])
    }

    /// The statistics as lines of text.
    public var description: String { self.tree.text }
    /// The statistics as JSON, on one line.
    public var json: String { self.tree.json }
    /// Encodes what `json` has.
    public func encode(to encoder: any Encoder) throws { try self.tree.encode(to: encoder) }
}

extension ConsumerStatistics.Buffer {
    fileprivate var tree: StatisticsTree {
        let used = StatisticsTree.text(ofBytes: Double(self.used))
        let size = StatisticsTree.text(ofBytes: Double(self.size))
        return .line("\(used) of \(size)", of: [("size", .size(self.size)), ("used", .size(self.used))])
    }
}

extension ConsumerStatistics.Partition {
    fileprivate var tree: StatisticsTree {
        func offset(_ offset: Int64?) -> String { offset.map { "\($0)" } ?? "unknown" }
        var line =
            "\(self.topicPartition): position \(offset(self.position)), lag \(offset(self.lag)), "
            + "committed \(offset(self.committedOffset)), "
            + "\(StatisticsTree.text(ofBytes: Double(self.bufferedBytes))) buffered, "
            + (self.leader.map { "leader \($0)" } ?? "no leader")
        if self.isPaused { line += ", paused" }
        if let error { line += ", \(error.printable)" }
        return .line(
            line,
            of: [
                ("topic", .text(self.topicPartition.topic)), ("partition", .integer(self.topicPartition.partition)),
                ("leader", .optional(self.leader) { .integer($0) }),
                ("position", .optional(self.position) { .integer($0) }),
                ("committedOffset", .optional(self.committedOffset) { .integer($0) }),
                ("endOffset", .optional(self.endOffset) { .integer($0) }),
                ("lag", .optional(self.lag) { .integer($0) }), ("bufferedBytes", .size(self.bufferedBytes)),
                ("isPaused", .flag(self.isPaused)), ("error", .optional(self.error, StatisticsTree.text)),
            ])
    }
}

extension ConsumerStatistics.Group {
    fileprivate var tree: StatisticsTree {
        .object([
            ("groupID", .text(self.groupID)), ("groupProtocol", .text(self.groupProtocol)),
            ("state", .text(self.state)), ("memberID", .text(self.memberID)),
            ("instanceID", .optional(self.instanceID, StatisticsTree.text)),
            ("epoch", .optional(self.epoch) { .integer($0) }), ("rebalances", .integer(self.rebalances)),
            ("rebalanceTime", .time(self.rebalanceTime)),
            ("lastRebalanceTime", .optional(self.lastRebalanceTime, StatisticsTree.time)),
            ("rebalancingFor", .optional(self.rebalancingFor, StatisticsTree.time)),
        ])
    }
}
