// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Counts what happens to a producer's batches. Pure.
struct ProducerTally: Sendable {
    private let beginning: MonotonicTime
    private var records = RecentCount()
    private var failedRecords = RecentCount()
    private var bytes = RecentCount()
    private var batches = RecentCount()
    private var retriedBatches = RecentCount()
    private var latency = RecentDistribution()
    /// The times from the creation of a batch to its first request.
    private(set) var queueTime = RecentDistribution()
    private var batchSize = RecentDistribution()
    private var batchRecords = RecentDistribution()
    /// In millionths.
    private var compressionRatio = RecentDistribution()
    private var committed = RecentCount()
    private var aborted = RecentCount()
    private var transactionTime = RecentDistribution()

    init(since beginning: MonotonicTime) {
        self.beginning = beginning
    }

    /// A batch is added to a request, this long after it was created.
    mutating func sent(
        records: Int, bytes: Int, uncompressedBytes: Int, after time: Duration, isRetry: Bool, now: MonotonicTime
    ) {
        self.bytes.add(bytes, now: now)
        if isRetry {
            self.retriedBatches.add(1, now: now)
        } else {
            self.batches.add(1, now: now)
            self.queueTime.record(time, now: now)
            self.batchSize.record(bytes, now: now)
            self.batchRecords.record(records, now: now)
            if uncompressedBytes > 0 { self.compressionRatio.record(bytes * 1_000_000 / uncompressedBytes, now: now) }
        }
    }

    /// A batch was stored, this long after it was created.
    mutating func stored(records: Int, after time: Duration, now: MonotonicTime) {
        self.records.add(records, now: now)
        self.latency.record(time, now: now)
    }

    mutating func failed(records: Int, now: MonotonicTime) { self.failedRecords.add(records, now: now) }

    mutating func transactionEnded(isCommitted: Bool, after time: Duration, now: MonotonicTime) {
        if isCommitted { self.committed.add(1, now: now) } else { self.aborted.add(1, now: now) }
        self.transactionTime.record(time, now: now)
    }

    /// Returns what was counted, with the state of the producer.
    func reported(
        _ client: ClientStatistics, _ buffer: ProducerStatistics.Buffer, _ partitions: [ProducerStatistics.Partition],
        transactions: (id: String, state: String)?, now: MonotonicTime
    ) -> ProducerStatistics {
        func count(_ count: RecentCount) -> StatisticsCount { count.reported(since: self.beginning, now: now) }
        return ProducerStatistics(
            client: client, buffer: buffer, partitions: partitions,
            transactions: transactions.map {
                ProducerStatistics.TransactionCounts(
                    transactionalID: $0.id, state: $0.state, committed: count(self.committed),
                    aborted: count(self.aborted), duration: self.transactionTime.reportedTimes(now: now))
            },
            records: count(self.records), failedRecords: count(self.failedRecords), bytes: count(self.bytes),
            batches: count(self.batches), retriedBatches: count(self.retriedBatches),
            sendLatency: self.latency.reportedTimes(now: now), batchSize: self.batchSize.reported(now: now),
            batchRecords: self.batchRecords.reported(now: now),
            compressionRatio: self.compressionRatio.reported(now: now, unit: 0.000_001))
    }
}
