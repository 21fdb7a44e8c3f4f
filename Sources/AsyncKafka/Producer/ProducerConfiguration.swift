// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaProtocol

/// The settings of a producer.
///
/// The defaults favour safety: records are acknowledged by all in-sync replicas, without duplicates, and in order.
public struct ProducerConfiguration: Sendable {
    /// The acknowledgement that the producer waits for (Kafka's `acks`).
    public struct Acknowledgements: Hashable, Sendable, CustomStringConvertible {
        let code: Int16

        /// No acknowledgement. A record counts as delivered once it is written to the socket, and its offset is not
        /// known.
        public static let none = Acknowledgements(code: 0)
        /// The acknowledgement of the leader. A record is lost if the leader fails before a replica has it.
        public static let leader = Acknowledgements(code: 1)
        /// The acknowledgement of the leader after all in-sync replicas have the record.
        public static let all = Acknowledgements(code: -1)

        /// The name of the value: `none`, `leader` or `all`.
        public var description: String { self.code == 0 ? "none" : self.code == 1 ? "leader" : "all" }
    }

    /// The cluster to write to.
    public var cluster: KafkaClientConfiguration

    /// The acknowledgement that the producer waits for before a record counts as delivered. Default: `.all`.
    public var acks = Acknowledgements.all
    /// Whether brokers detect batches that are sent again, so that retries neither duplicate nor reorder records
    /// (KIP-98). Requires ``ProducerConfiguration/acks`` `.all` and ``ProducerConfiguration/maxInFlightPerBroker`` of at most 5. Default: true.
    public var enableIdempotence = true

    /// The time that a batch which is not full waits for more records, including those of `send`. Default: 5 ms.
    ///
    /// With zero, a record is sent immediately if its broker has room for another request, and joins the next batch
    /// otherwise.
    public var linger: Duration = .milliseconds(5)
    /// The size at which a batch is full, in bytes before compression. Default: 256 KiB.
    ///
    /// The default is between Kafka's 16 KiB, with which the cost per request dominates, and the 1 MB of other clients,
    /// with which few batches fit into ``ProducerConfiguration/bufferMemory`` and each partition occupies its broker for long. A batch takes
    /// memory as it grows, so a large size costs nothing if there are few records. If a topic accepts less
    /// (`max.message.bytes`), its first batches are rejected and split, and the next ones are smaller. Larger ones are
    /// tried again once a minute.
    public var batchSize = 256 << 10
    /// The maximum size of a Produce request and of a record, in bytes before compression. Default: 1 MiB, which is
    /// also what brokers accept unless `message.max.bytes` is raised.
    public var maxRequestSize = 1 << 20
    /// The maximum memory for records that are not delivered yet, in bytes. Default: 32 MiB.
    ///
    /// When it is used up, `enqueue` waits and `tryEnqueue` throws. The records for one broker use at most half of it
    /// while there are records for other brokers.
    public var bufferMemory = 32 << 20
    /// The compression of batches. Batches that it doesn't make smaller are sent uncompressed. Default: `.none`.
    public var compression = Compression.none

    /// The maximum time from `enqueue` to the acknowledgement of a record, including retries. Default: 120 s.
    public var deliveryTimeout: Duration = .seconds(120)
    /// The maximum time that `enqueue` and `send` wait for room in the buffer and for metadata of the topic. Default:
    /// 60 s.
    public var maxBlock: Duration = .seconds(60)
    /// The maximum number of unanswered Produce requests per broker. Default: 5, which is also the maximum for
    /// idempotence.
    public var maxInFlightPerBroker = 5
    /// How the partition of a record that doesn't specify one is selected. Default: `.default`, Kafka's own rules.
    public var partitioner = PartitionSelection.default
    /// The maximum time that closing waits for the delivery of accepted records, or, with ``ProducerConfiguration/acks`` `.none`, for the
    /// brokers to read them. Default: 30 s.
    public var closeTimeout: Duration = .seconds(30)

    /// Creates a configuration with the default settings for a cluster.
    public init(_ cluster: KafkaClientConfiguration) {
        self.cluster = cluster
    }
}
