// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// How a consumer reads. Names and defaults are those of Kafka's Java client, with `Duration` in place of milliseconds.
public struct ConsumerConfiguration: Sendable {
    /// Where to begin when there is no committed offset, or when the position lies outside of the log.
    @nonexhaustive
    public enum AutoOffsetReset: Hashable, Sendable {
        /// At the oldest record that there is.
        case earliest
        /// At the end: only what is written from now on. A partition that is added later is read from where it ends when
        /// it is found, so its first records may be missed; `.byDuration` has no such gap.
        case latest
        /// Nowhere: reading throws `.noOffsetForPartition` or `.offsetOutOfRange`, and `seek` is up to you.
        case none
        /// At the first record that is at most this old (KIP-1106).
        case byDuration(Duration)
    }

    /// The cluster, and what all clients have in common. Its `rack` lets the consumer read from the nearest replica.
    public var cluster: KafkaClientConfiguration
    /// The group whose members share the partitions, and in which offsets are committed. Nil to read without a group.
    public var groupID: String?
    /// A lasting name for this member: it may be gone for up to the session timeout and come back to the same
    /// partitions, without a rebalance (static membership, KIP-345). Every member needs one of its own. Needs Kafka 2.3.
    /// Nil by default.
    public var groupInstanceID: String?
    /// How this consumer is a member of the group: by the classic protocol, with its defaults, if nothing else is said.
    public var groupProtocol: GroupProtocol = .classic()

    /// Where to begin without a committed offset. `.latest` by default.
    public var autoOffsetReset: AutoOffsetReset = .latest
    /// Which records of transactions are read. `.readUncommitted` by default.
    public var isolationLevel: IsolationLevel = .readUncommitted

    /// Whether offsets are committed by themselves: of what has been **asked past**, every `autoCommitInterval`, before
    /// partitions are given up, and at the end. True by default, when there is a group. What is in the loop's hand is
    /// never committed by itself, so that a crash repeats it rather than loses it; if you have committed it, that stays.
    ///
    /// An offset that does not change is committed again after a minute, so that it doesn't expire. With automatic commits
    /// off, an offset that you committed is moved past control records that follow it: the group's lag would never be zero
    /// otherwise.
    public var enableAutoCommit = true
    /// How often offsets are committed automatically. 5 s by default.
    public var autoCommitInterval: Duration = .seconds(5)

    /// How long the reader may take between asking for one element and the next, and a listener's callback. After that
    /// the consumer leaves the group, hears `partitionsLost`, and joins again when the reader asks. It is the group's
    /// rebalance timeout too. 5 minutes by default.
    public var maxPollInterval: Duration = .seconds(300)
    /// Whether a graceful stop calls the listener's `partitionsRevoked`. True by default, as in Kafka's Java client;
    /// false as in aiokafka.
    public var callRevokedOnLeave = true
    /// Whether a pattern leaves out Kafka's internal topics. True by default.
    public var excludeInternalTopics = true

    /// The broker answers a fetch when it has this many bytes, or after `fetchMaxWait`. 1 by default.
    public var fetchMinBytes = 1
    /// How long a broker may wait for `fetchMinBytes`. 500 ms by default.
    public var fetchMaxWait: Duration = .milliseconds(500)
    /// The most bytes that a broker sends at once. 50 MiB by default. One batch is always sent, however large.
    public var fetchMaxBytes = 50 << 20
    /// The most bytes of one partition that a broker sends at once. 1 MiB by default, and the same exception.
    public var maxPartitionFetchBytes = 1 << 20
    /// The most bytes that are fetched ahead of the reader, over all partitions. 64 MiB by default. One answer may go
    /// beyond it by one batch of each partition.
    public var maxPrefetchBytes = 64 << 20
    /// Whether the checksum of each batch is verified. True by default.
    public var checkCRCs = true
    /// The most bytes that a compressed batch may decompress to. 256 MiB by default: protects against "bombs".
    public var maxDecompressedBatchBytes = 256 << 20

    /// How long closing may take in all: the last commit, the last callback, leaving the group. 30 s by default.
    ///
    /// A reader that is at work has seven tenths of it to come for its next element, and giving the partitions up may take
    /// until nine tenths are over. A callback that has not returned by then is cancelled and not waited for, however closing
    /// began. What could not be done is in the log as a warning.
    public var closeTimeout: Duration = .seconds(30)

    /// A consumer of this cluster, in a group if it has an id.
    public init(_ cluster: KafkaClientConfiguration, groupID: String? = nil) {
        self.cluster = cluster
        self.groupID = groupID
    }
}
