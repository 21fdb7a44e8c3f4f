// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaProtocol

/// What a producer needs to know.
///
/// The defaults write safely: acknowledged by all in-sync replicas, without duplicates, in order.
public struct ProducerConfiguration: Sendable {
    /// Whose acknowledgement a record needs (`acks`).
    public struct Acknowledgements: Hashable, Sendable, CustomStringConvertible {
        let code: Int16

        /// Nobody's: records count as delivered once they are written to the socket, and their offsets are not known.
        public static let none = Acknowledgements(code: 0)
        /// The leader's: what it has acknowledged is lost if it fails before a replica has it.
        public static let leader = Acknowledgements(code: 1)
        /// The leader's after all in-sync replicas have the record.
        public static let all = Acknowledgements(code: -1)

        /// `none`, `leader` or `all`.
        public var description: String { self.code == 0 ? "none" : self.code == 1 ? "leader" : "all" }
    }

    /// The cluster to write to.
    public var cluster: KafkaClientConfiguration

    /// Whose acknowledgement a record needs. All in-sync replicas' by default.
    public var acks = Acknowledgements.all
    /// Whether brokers drop what they have already when it is sent again, so that retries make no duplicates and keep the
    /// order (KIP-98). True by default; needs `acks` `.all` and `maxInFlightPerBroker` of at most 5.
    public var enableIdempotence = true

    /// How long a batch that is not full waits for more records, those of `send` included. 5 ms by default. With zero a
    /// record leaves at once if its broker has room for another request, and joins the next batch otherwise.
    public var linger: Duration = .milliseconds(5)
    /// The size at which a batch is full, in bytes before compression. 256 KiB by default.
    ///
    /// Between Kafka's 16 KiB, where requests and not records are what costs, and the 1 MB of others, where few
    /// batches fit into `bufferMemory` and one partition's turn lasts long. Memory is taken as a batch grows, so large
    /// batches cost nothing where records are few. Where a topic takes less (`max.message.bytes`), its first batches are refused
    /// and split, and the later ones smaller; once a minute larger ones are tried again.
    public var batchSize = 256 << 10
    /// The largest Produce request, in bytes before compression, and so the largest record. 1 MiB by default, which is also
    /// what brokers take unless `message.max.bytes` is raised.
    public var maxRequestSize = 1 << 20
    /// How much memory the records may take that are not delivered yet. 32 MiB by default. When it is full, `enqueue`
    /// waits and `tryEnqueue` throws.
    ///
    /// One broker's records use at most half of the buffer while other brokers have records.
    public var bufferMemory = 32 << 20
    /// How batches are compressed. Not at all by default. A batch that compression doesn't make smaller is sent as it is.
    public var compression = Compression.none

    /// How long a record may take from `enqueue` to its acknowledgement, retries included. 120 s by default.
    public var deliveryTimeout: Duration = .seconds(120)
    /// How long `enqueue` and `send` wait for room in the buffer and for what they must know of a topic. 60 s by default.
    public var maxBlock: Duration = .seconds(60)
    /// How many Produce requests a broker may have unanswered. 5 by default, the most with which idempotence works.
    public var maxInFlightPerBroker = 5
    /// Who chooses the partition of a record that names none. Kafka's own rules by default.
    public var partitioner = PartitionSelection.default
    /// How long closing waits for the delivery of what was accepted; with `acks` `.none`, for the brokers to have read it.
    /// 30 s by default.
    public var closeTimeout: Duration = .seconds(30)

    /// The defaults, for a cluster.
    public init(_ cluster: KafkaClientConfiguration) {
        self.cluster = cluster
    }
}
