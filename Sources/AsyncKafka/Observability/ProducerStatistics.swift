// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a producer counts and measures.
public struct ProducerStatistics: KafkaStatistics, Hashable {
    /// The memory for records that aren't acknowledged yet.
    public struct Buffer: Hashable, Sendable {
        /// The size in bytes (`bufferMemory`).
        public var size: Int
        /// The bytes that records use, or that are set aside for the next records of their batches.
        public var used: Int
        /// Whether tasks wait for room.
        public var isAwaited: Bool
    }

    /// A partition of which the producer has records that aren't acknowledged yet.
    public struct Partition: Hashable, Sendable {
        /// The partition.
        public var topicPartition: TopicPartition
        /// The id of the leader; nil if there is none or it isn't known.
        public var leader: Int32?
        /// The number of records that aren't acknowledged, including those in flight.
        public var records: Int
        /// Their memory in bytes.
        public var bytes: Int
        /// The number of batches that wait to be sent, for the first time or again.
        public var batchesWaiting: Int
        /// The number of batches that were sent and aren't answered.
        public var batchesInFlight: Int
        /// How many attempts to write to the partition have failed in a row.
        public var failures: Int
    }

    /// The transactions of a transactional producer.
    public struct TransactionCounts: Hashable, Sendable {
        /// The transactional id.
        public var transactionalID: String
        /// The state: `uninitialized`, `ready`, `open`, `ending`, `stale` (a new epoch is needed) or `failed`.
        public var state: String
        /// The transactions that were committed.
        public var committed: StatisticsCount
        /// The transactions that were aborted, or whose outcome isn't known.
        public var aborted: StatisticsCount
        /// The times from the begin of a transaction to the end of its commit or abort.
        public var duration: StatisticsDistribution<Duration>
    }

    /// The connections and requests.
    public var client: ClientStatistics
    /// The memory for records.
    public var buffer: Buffer
    /// The partitions with records that aren't acknowledged yet, sorted.
    public var partitions: [Partition]
    /// The transactions; nil for a producer without.
    public var transactions: TransactionCounts?

    /// The records that were acknowledged. With `acks` 0, those that the system has accepted.
    public var records: StatisticsCount
    /// The records that were given up.
    public var failedRecords: StatisticsCount
    /// The bytes of batches as they were sent, compressed. A batch that is sent again counts again.
    public var bytes: StatisticsCount
    /// The batches that were sent, without those that were sent again.
    public var batches: StatisticsCount
    /// The batches that were sent again.
    public var retriedBatches: StatisticsCount

    /// The times from the creation of a batch, with its first record, to its acknowledgement. They include waiting for more
    /// records (`linger`), and for earlier requests and attempts.
    public var sendLatency: StatisticsDistribution<Duration>
    /// The sizes of batches in bytes as they were sent, compressed.
    public var batchSize: StatisticsDistribution<Double>
    /// The numbers of records in batches.
    public var batchRecords: StatisticsDistribution<Double>
    /// The sizes of batches as a share of their sizes before compression: 1 without compression, and less the better they are
    /// compressed.
    public var compressionRatio: StatisticsDistribution<Double>
}

extension ProducerStatistics {
    var tree: StatisticsTree {
        .object([
            ("client", self.client.tree), ("buffer", self.buffer.tree),
            ("partitions", .list(self.partitions.map(\.tree))),
            ("transactions", .optional(self.transactions, \.tree)), ("records", self.records.tree),
            ("failedRecords", self.failedRecords.tree), ("bytes", self.bytes.treeOfBytes),
            ("batches", self.batches.tree), ("retriedBatches", self.retriedBatches.tree),
            ("sendLatency", self.sendLatency.tree), ("batchSize", self.batchSize.treeOfBytes),
            ("batchRecords", self.batchRecords.tree), ("compressionRatio", self.compressionRatio.tree),
        ])
    }

    /// The statistics as lines of text.
    public var description: String { self.tree.text }
    /// The statistics as JSON, on one line.
    public var json: String { self.tree.json }
    /// Encodes what `json` has.
    public func encode(to encoder: any Encoder) throws { try self.tree.encode(to: encoder) }
}

extension ProducerStatistics.Buffer {
    fileprivate var tree: StatisticsTree {
        let used = StatisticsTree.text(ofBytes: Double(self.used))
        let size = StatisticsTree.text(ofBytes: Double(self.size))
        return .line(
            "\(used) of \(size)\(self.isAwaited ? ", tasks wait for room" : "")",
            of: [("size", .size(self.size)), ("used", .size(self.used)), ("isAwaited", .flag(self.isAwaited))])
    }
}

extension ProducerStatistics.Partition {
    fileprivate var tree: StatisticsTree {
        var line =
            "\(self.topicPartition): \(self.records) records, \(StatisticsTree.text(ofBytes: Double(self.bytes))), "
            + "batches: \(self.batchesWaiting) waiting, \(self.batchesInFlight) in flight, "
            + (self.leader.map { "leader \($0)" } ?? "no leader")
        if self.failures > 0 { line += ", \(self.failures) failures" }
        return .line(
            line,
            of: [
                ("topic", .text(self.topicPartition.topic)), ("partition", .integer(self.topicPartition.partition)),
                ("leader", .optional(self.leader) { .integer($0) }), ("records", .integer(self.records)),
                ("bytes", .size(self.bytes)), ("batchesWaiting", .integer(self.batchesWaiting)),
                ("batchesInFlight", .integer(self.batchesInFlight)), ("failures", .integer(self.failures)),
            ])
    }
}

extension ProducerStatistics.TransactionCounts {
    fileprivate var tree: StatisticsTree {
        .object([
            ("transactionalID", .text(self.transactionalID)), ("state", .text(self.state)),
            ("committed", self.committed.tree), ("aborted", self.aborted.tree), ("duration", self.duration.tree),
        ])
    }
}
