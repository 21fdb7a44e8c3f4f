// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
// The payloads of the events of producers.

extension KafkaEvent {
    /// A batch that was sent.
    public struct BatchSent: Sendable {
        /// The partition.
        public let topicPartition: TopicPartition
        /// The broker.
        public let broker: Broker
        /// The number of records.
        public let records: Int
        /// The size in bytes before compression.
        public let uncompressedBytes: Int
        /// The size in bytes as it was sent.
        public let bytes: Int
        /// The time since the batch was created. It includes waiting for more records (`linger`), for a connection, and
        /// for earlier requests and attempts.
        public let waited: Duration

        /// Creates an event, for tests of an observer.
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

    /// A batch that was stored.
    public struct BatchAcknowledged: Sendable {
        /// The partition.
        public let topicPartition: TopicPartition
        /// The number of records.
        public let records: Int
        /// The offset of the first record, if the broker returned it.
        public let baseOffset: Int64?
        /// The time since the batch was created.
        public let duration: Duration

        /// Creates an event, for tests of an observer.
        public init(topicPartition: TopicPartition, records: Int, baseOffset: Int64?, duration: Duration) {
            self.topicPartition = topicPartition
            self.records = records
            self.baseOffset = baseOffset
            self.duration = duration
        }
    }

    /// A batch that was given up.
    public struct BatchFailed: Sendable {
        /// The partition.
        public let topicPartition: TopicPartition
        /// The number of records.
        public let records: Int
        /// The reason. `isOutcomeUnknown` is true if the records may be stored.
        public let error: KafkaError
        /// The time since the batch was created.
        public let duration: Duration

        /// Creates an event, for tests of an observer.
        public init(topicPartition: TopicPartition, records: Int, error: KafkaError, duration: Duration) {
            self.topicPartition = topicPartition
            self.records = records
            self.error = error
            self.duration = duration
        }
    }

    /// A buffer without room for a record.
    public struct BufferFull: Sendable {
        /// The free bytes of the buffer. There may be some if the record is for a broker that has used up its share.
        public let freeBytes: Int

        /// Creates an event, for tests of an observer.
        public init(freeBytes: Int) {
            self.freeBytes = freeBytes
        }
    }

    /// A buffer that has room again.
    public struct BufferFree: Sendable {
        /// The free bytes of the buffer.
        public let freeBytes: Int

        /// Creates an event, for tests of an observer.
        public init(freeBytes: Int) {
            self.freeBytes = freeBytes
        }
    }
}
