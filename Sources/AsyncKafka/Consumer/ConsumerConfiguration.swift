// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The settings of a consumer. Names and defaults are those of Kafka's Java client, with `Duration` instead of
/// milliseconds.
public struct ConsumerConfiguration: Sendable {
    /// Where to start when there is no committed offset, or when the position is outside of the log.
    @nonexhaustive
    public enum AutoOffsetReset: Hashable, Sendable {
        /// At the oldest record.
        case earliest
        /// At the end of the log: only records written from now on are read. A partition that is added later is read
        /// from its end at the time it is discovered, so its first records may be missed; `.byDuration` has no such
        /// gap.
        case latest
        /// Nowhere. Reading throws `.noOffsetForPartition` or `.offsetOutOfRange`, and the application has to `seek`.
        case none
        /// At the first record that isn't older than this (KIP-1106).
        case byDuration(Duration)
    }

    /// The cluster, and the settings that all clients share. Set its `rack` to read from the nearest replica.
    public var cluster: KafkaClientConfiguration
    /// The id of the group whose members share the partitions and in which offsets are committed. Default: nil, to read
    /// without a group.
    public var groupID: String?
    /// The id of a static member (KIP-345): it may be away for up to the session timeout and return to the same
    /// partitions without a rebalance. Each member needs a different one. Requires Kafka 2.3. Default: nil, for a
    /// dynamic member.
    public var groupInstanceID: String?
    /// The protocol of the group's membership, with its settings. Default: the classic protocol with its defaults.
    public var groupProtocol: GroupProtocol = .classic()

    /// Where to start without a committed offset. Default: `.latest`.
    public var autoOffsetReset: AutoOffsetReset = .latest
    /// Which records of transactions are read. Default: `.readUncommitted`.
    public var isolationLevel: IsolationLevel = .readUncommitted

    /// Whether offsets are committed automatically: every ``ConsumerConfiguration/autoCommitInterval``, before partitions are given up, and at
    /// the end. Default: true. It has no effect without a group.
    ///
    /// An automatic commit covers the records that have been **processed**: those before the current element of a
    /// sequence, or before the last array of `poll`. The element that your code is working on is never committed
    /// automatically, so a crash repeats it instead of losing it. If you have committed it yourself, that commit stays.
    ///
    /// An unchanged offset is committed again after a minute, so that it doesn't expire. Without automatic commits, an
    /// offset that you have committed is still moved past control records that follow it, because otherwise the group's
    /// lag would never reach zero.
    public var enableAutoCommit = true
    /// The interval between automatic commits. Default: 5 s.
    public var autoCommitInterval: Duration = .seconds(5)

    /// The maximum time between two requests for an element, and of a listener's callback. When it has elapsed, the
    /// consumer leaves the group, calls `partitionsLost`, and rejoins when the reader asks for records. It is also the
    /// group's rebalance timeout. Default: 5 minutes.
    public var maxPollInterval: Duration = .seconds(300)
    /// Whether a graceful shutdown calls the listener's `partitionsRevoked`. Default: true, as in Kafka's Java client.
    /// aiokafka doesn't call it.
    public var callRevokedOnLeave = true
    /// Whether the member leaves its group when the consumer closes. Default: `.default`, so that dynamic members leave and static
    /// ones remain. `unsubscribe()` always does the former.
    public var groupMembershipOnClose: GroupMembershipOperation = .default
    /// Whether a topic pattern ignores Kafka's internal topics. Default: true.
    public var excludeInternalTopics = true

    /// The number of bytes that a broker waits for before it answers a fetch, up to ``ConsumerConfiguration/fetchMaxWait``. Default: 1.
    public var fetchMinBytes = 1
    /// The maximum time that a broker waits for ``ConsumerConfiguration/fetchMinBytes``. Default: 500 ms.
    public var fetchMaxWait: Duration = .milliseconds(500)
    /// The maximum bytes of one answer. Default: 50 MiB. A single larger batch is still returned.
    public var fetchMaxBytes = 50 << 20
    /// The maximum bytes of one partition in an answer. Default: 1 MiB. A single larger batch is still returned.
    public var maxPartitionFetchBytes = 1 << 20
    /// The maximum bytes fetched ahead of the reader, for all partitions together. Default: 64 MiB. A broker's answer, which is at most
    /// half as large, counts until all of its records have been read, because it stays in memory as a whole. One batch that is larger is
    /// still fetched. Records that are kept beyond the next call aren't counted.
    public var maxPrefetchBytes = 64 << 20
    /// Whether the checksum of each batch is verified. Default: true.
    public var checkCRCs = true
    /// The maximum decompressed size of a batch in bytes, as a protection against decompression bombs. Default: 256
    /// MiB.
    public var maxDecompressedBatchBytes = 256 << 20

    /// The maximum time that closing takes, including the last commit, the last callback and leaving the group.
    /// Default: 30 s.
    ///
    /// Closing waits for seven tenths of it until the reader asks for its next element, and the partitions are given up
    /// within nine tenths. A callback that has not returned by then is cancelled and no longer awaited. What could not
    /// be completed is logged as a warning.
    public var closeTimeout: Duration = .seconds(30)

    /// Creates the configuration of a consumer, which is a member of a group if ``ConsumerConfiguration/groupID`` is set.
    public init(_ cluster: KafkaClientConfiguration, groupID: String? = nil) {
        self.cluster = cluster
        self.groupID = groupID
    }
}
