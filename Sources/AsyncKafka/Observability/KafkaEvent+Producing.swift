// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
// What the events of producers tell.

extension KafkaEvent {
    /// Tells of a batch that was written.
    public struct BatchSent: Sendable {
        /// The partition that the records are for.
        public let topicPartition: TopicPartition
        /// The broker that it went to.
        public let broker: Broker
        /// How many records it has.
        public let records: Int
        /// Its size before compression.
        public let uncompressedBytes: Int
        /// Its size as it was sent.
        public let bytes: Int
        /// How long its first record has waited: for more records (`linger`), for metadata or a connection, for requests
        /// before it, and for attempts before this one.
        public let waited: Duration

        /// An event as a client makes it, for tests of an observer.
        public init(
            topicPartition: TopicPartition, broker: Broker, records: Int, uncompressedBytes: Int, bytes: Int,
            waited: Duration
        ) {
            self.topicPartition = topicPartition
            self.broker = broker
            self.records = records
            self.uncompressedBytes = uncompressedBytes
            self.bytes = bytes
            self.waited = waited
        }
    }

    /// Tells of a batch that is stored.
    public struct BatchAcknowledged: Sendable {
        /// The partition that has the records.
        public let topicPartition: TopicPartition
        /// How many they are.
        public let records: Int
        /// The offset of the first, if the broker has told it.
        public let baseOffset: Int64?
        /// How long it took, from its first record on.
        public let duration: Duration

        /// An event as a client makes it, for tests of an observer.
        public init(topicPartition: TopicPartition, records: Int, baseOffset: Int64?, duration: Duration) {
            self.topicPartition = topicPartition
            self.records = records
            self.baseOffset = baseOffset
            self.duration = duration
        }
    }

    /// Tells of a batch that was given up.
    public struct BatchFailed: Sendable {
        /// The partition that the records were for.
        public let topicPartition: TopicPartition
        /// How many they are.
        public let records: Int
        /// Why. `isOutcomeUnknown` tells whether they may be stored.
        public let error: KafkaError
        /// How long it took, from its first record on.
        public let duration: Duration

        /// An event as a client makes it, for tests of an observer.
        public init(topicPartition: TopicPartition, records: Int, error: KafkaError, duration: Duration) {
            self.topicPartition = topicPartition
            self.records = records
            self.error = error
            self.duration = duration
        }
    }

    /// Tells of a record that found no room.
    public struct BufferFull: Sendable {
        /// The memory that no record has. The record may be for a broker that has used up its share.
        public let freeBytes: Int

        /// An event as a client makes it, for tests of an observer.
        public init(freeBytes: Int) {
            self.freeBytes = freeBytes
        }
    }

    /// Tells of room that there is again.
    public struct BufferFree: Sendable {
        /// The memory that no record has.
        public let freeBytes: Int

        /// An event as a client makes it, for tests of an observer.
        public init(freeBytes: Int) {
            self.freeBytes = freeBytes
        }
    }
}
