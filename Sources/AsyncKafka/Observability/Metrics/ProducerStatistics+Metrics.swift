// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension ProducerStatistics {
    /// The values of all metrics of the producer, with those of its connections and requests.
    public var samples: [KafkaMetric.Sample] {
        self.client.samples(of: .producer)
            + Self.sources.flatMap { $0.samples(of: self, self.client.clientID, .producer) }
    }

    static let sources: [MetricSource<ProducerStatistics>] = [
        .counter("kafka_producer_records_total", of: "records", "The records that were acknowledged.") {
            $0.records.total
        },
        .counter("kafka_producer_failed_records_total", of: "records", "The records that were given up.") {
            $0.failedRecords.total
        },
        .counter("kafka_producer_bytes_total", of: "bytes", "The bytes of batches as they were sent, compressed.") {
            $0.bytes.total
        },
        .counter("kafka_producer_batches_total", of: "batches", "The batches that were sent, counted once.") {
            $0.batches.total
        },
        .counter("kafka_producer_retried_batches_total", of: "batches", "The batches that were sent again.") {
            $0.retriedBatches.total
        },
        .times(
            "kafka_producer_send_latency_seconds", "The times from the creation of a batch to its acknowledgement."
        ) { $0.sendLatency },
        .numbers("kafka_producer_batch_size_bytes", of: "bytes", "The sizes of batches as they were sent.") {
            $0.batchSize
        },
        .numbers("kafka_producer_batch_records", of: "records", "The numbers of records in batches.") {
            $0.batchRecords
        },
        .numbers(
            "kafka_producer_compression_ratio", of: "1", "The sizes of batches as a share of those before compression."
        ) { $0.compressionRatio },
        .gauge("kafka_producer_buffer_size_bytes", of: "bytes", "The size of the buffer (`bufferMemory`).") {
            Double($0.buffer.size)
        },
        .gauge("kafka_producer_buffer_used_bytes", of: "bytes", "The part of the buffer that is in use.") {
            Double($0.buffer.used)
        },
        .partitions("kafka_producer_buffered_records", of: "records", "The records that aren't acknowledged yet.") {
            Double($0.records)
        },
        .partitions("kafka_producer_buffered_bytes", of: "bytes", "The memory of records that aren't acknowledged yet.")
        {
            Double($0.bytes)
        },
        .partitions(
            "kafka_producer_batches_in_flight", of: "batches", "The batches that were sent and aren't answered."
        ) {
            Double($0.batchesInFlight)
        },
        .counter(
            "kafka_producer_committed_transactions_total", of: "transactions", "The transactions that were committed."
        ) {
            $0.transactions?.committed.total
        },
        .counter(
            "kafka_producer_aborted_transactions_total", of: "transactions",
            "The transactions that were aborted, or whose outcome isn't known."
        ) { $0.transactions?.aborted.total },
        .times("kafka_producer_transaction_seconds", "The times from the begin of transactions to their end.") {
            $0.transactions?.duration
        },
    ]
}

extension MetricSource<ProducerStatistics> {
    /// A gauge with a value for each partition with records that aren't acknowledged.
    fileprivate static func partitions(
        _ name: String, of unit: String, _ meaning: String,
        _ value: @escaping @Sendable (ProducerStatistics.Partition) -> Double?
    ) -> MetricSource {
        .each(
            .gauge, name, of: unit, by: ["topic", "partition"], meaning, in: { $0.partitions },
            labelled: { [$0.topicPartition.topic, "\($0.topicPartition.partition)"] }, value)
    }
}
