// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension ConsumerStatistics {
    /// The values of all metrics of the consumer, with those of its connections and requests.
    public var samples: [KafkaMetric.Sample] {
        self.client.samples(of: .consumer)
            + Self.sources.flatMap { $0.samples(of: self, self.client.clientID, .consumer) }
    }

    static let sources: [MetricSource<ConsumerStatistics>] = [
        .counter("kafka_consumer_records_total", of: "records", "The records that were delivered.") {
            $0.records.total
        },
        .counter("kafka_consumer_bytes_total", of: "bytes", "The bytes of batches that were delivered.") {
            $0.bytes.total
        },
        .counter("kafka_consumer_batches_total", of: "batches", "The batches that were delivered.") {
            $0.batches.total
        },
        .times("kafka_consumer_fetch_latency_seconds", "The times from sending a Fetch to its response.") {
            $0.fetchLatency
        },
        .numbers("kafka_consumer_fetch_size_bytes", of: "bytes", "The bytes of records in an answer to a Fetch.") {
            $0.fetchSize
        },
        .times("kafka_consumer_commit_latency_seconds", "The durations of commits that succeeded.") {
            $0.commitLatency
        },
        .counter("kafka_consumer_failed_commits_total", of: "commits", "The commits that failed.") {
            $0.failedCommits.total
        },
        .gauge("kafka_consumer_buffer_size_bytes", of: "bytes", "The size of the buffer (`maxPrefetchBytes`).") {
            Double($0.buffer.size)
        },
        .gauge("kafka_consumer_buffer_used_bytes", of: "bytes", "The part of the buffer that is in use.") {
            Double($0.buffer.used)
        },
        .partitions("kafka_consumer_lag", of: "records", "The offsets that haven't been delivered yet.") {
            $0.lag.map(Double.init)
        },
        .partitions("kafka_consumer_position", of: "records", "The offset of the next record to deliver.") {
            $0.position.map(Double.init)
        },
        .partitions("kafka_consumer_committed_offset", of: "records", "The group's committed offset.") {
            $0.committedOffset.map(Double.init)
        },
        .partitions("kafka_consumer_partition_failing", of: "1", "1 if the last fetches failed, and 0 otherwise.") {
            $0.error == nil ? 0 : 1
        },
        .groups(.gauge, "kafka_consumer_group_member", of: "1", "1 for a member of the group, and 0 otherwise.") {
            $0.epoch == nil ? 0 : 1
        },
        .groups(
            .counter, "kafka_consumer_rebalances_total", of: "rebalances",
            "The rebalances that the member has gone through."
        ) { Double($0.rebalances) },
        .groups(
            .counter, "kafka_consumer_rebalance_seconds_total", of: "seconds",
            "The time that the member has spent in rebalances."
        ) { $0.rebalanceTime.seconds },
    ]
}

extension MetricSource<ConsumerStatistics> {
    /// A gauge with a value for each assigned partition.
    fileprivate static func partitions(
        _ name: String, of unit: String, _ meaning: String,
        _ value: @escaping @Sendable (ConsumerStatistics.Partition) -> Double?
    ) -> MetricSource {
        .each(
            .gauge, name, of: unit, by: ["topic", "partition"], meaning, in: { $0.partitions },
            labelled: { [$0.topicPartition.topic, "\($0.topicPartition.partition)"] }, value)
    }

    /// A metric of the membership.
    fileprivate static func groups(
        _ kind: KafkaMetric.Kind, _ name: String, of unit: String, _ meaning: String,
        _ value: @escaping @Sendable (ConsumerStatistics.Group) -> Double?
    ) -> MetricSource {
        .each(
            kind, name, of: unit, by: ["group"], meaning, in: { [$0.group].compactMap(\.self) },
            labelled: { [$0.groupID] }, value)
    }
}
