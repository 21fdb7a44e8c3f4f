// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

// The payloads of the events of consumers.

extension KafkaEvent {
    /// What a broker's answer to a Fetch contained of one partition.
    public struct PartitionFetched: Sendable {
        /// The partition.
        public let topicPartition: TopicPartition
        /// The ID of the broker that was asked: the leader, or a replica in the consumer's rack (KIP-392).
        public let brokerID: Int32
        /// The size of the records in bytes, as the broker stores them. 0 if there are no new ones.
        public let bytes: Int
        /// The number of records that the application hasn't been given yet, as `KafkaConsumer.lag(of:)` returns it.
        public let lag: Int64?

        /// Creates an event, for tests of an observer.
        public init(topicPartition: TopicPartition, brokerID: Int32, bytes: Int, lag: Int64?) {
            self.topicPartition = topicPartition
            self.brokerID = brokerID
            self.bytes = bytes
            self.lag = lag
        }
    }

    /// A batch that was given to the application.
    public struct BatchDelivered: Sendable {
        /// The partition.
        public let topicPartition: TopicPartition
        /// The number of records.
        public let records: Int
        /// The size of the batch in bytes, as the broker stores it.
        public let bytes: Int
        /// The offset of the first record.
        public let baseOffset: Int64

        /// Creates an event, for tests of an observer.
        public init(topicPartition: TopicPartition, records: Int, bytes: Int, baseOffset: Int64) {
            self.topicPartition = topicPartition
            self.records = records
            self.bytes = bytes
            self.baseOffset = baseOffset
        }
    }

    /// A step of a rebalance that has ended.
    public struct Rebalanced: Sendable {
        /// What happened to the partitions.
        @nonexhaustive
        public enum Step: Hashable, Sendable {
            /// The consumer gave the partitions up, in time to commit.
            case revoked
            /// The partitions were assigned to the consumer.
            case assigned
            /// The partitions were lost: they may belong to another member already.
            case lost
        }

        /// The group.
        public let group: String
        /// The step.
        public let step: Step
        /// The partitions.
        public let partitions: [TopicPartition]
        /// The duration of the step: a commit and the rebalance listener.
        public let duration: Duration

        /// Creates an event, for tests of an observer.
        public init(group: String, step: Step, partitions: [TopicPartition], duration: Duration) {
            self.group = group
            self.step = step
            self.partitions = partitions
            self.duration = duration
        }
    }

    /// A commit that succeeded.
    public struct OffsetsCommitted: Sendable {
        /// The group.
        public let group: String
        /// The committed offsets.
        public let offsets: [TopicPartition: Int64]
        /// The duration of the commit, including earlier commits that it waited for.
        public let duration: Duration

        /// Creates an event, for tests of an observer.
        public init(group: String, offsets: [TopicPartition: Int64], duration: Duration) {
            self.group = group
            self.offsets = offsets
            self.duration = duration
        }
    }

    /// A commit that failed, at least for some partitions.
    public struct CommitFailed: Sendable {
        /// The group.
        public let group: String
        /// The reason.
        public let error: KafkaError
        /// The duration of the commit, including earlier commits that it waited for.
        public let duration: Duration

        /// Creates an event, for tests of an observer.
        public init(group: String, error: KafkaError, duration: Duration) {
            self.group = group
            self.error = error
            self.duration = duration
        }
    }
}
