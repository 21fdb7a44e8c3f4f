// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension KafkaConsumer {
    /// Notes that a sequence is being read, so that a shutdown waits for its reader to come to the end.
    final class ReaderLease: Sendable {
        private let core: ConsumerCore

        init(_ core: ConsumerCore) {
            self.core = core
            core.state.withLock { $0.iterators += 1 }
        }

        deinit {
            self.core.state.withLock { $0.iterators -= 1 }
            self.core.wake([.closing])
        }
    }

    /// A consumer's records, batch by batch.
    public struct Batches: AsyncSequence, Sendable {
        /// What the sequence gives.
        public typealias Element = ConsumerRecordBatch
        /// What it throws.
        public typealias Failure = KafkaError

        let consumer: KafkaConsumer

        /// Waits for batches.
        public struct AsyncIterator: AsyncIteratorProtocol {
            private let consumer: KafkaConsumer
            private let lease: ReaderLease

            init(_ consumer: KafkaConsumer) {
                self.consumer = consumer
                self.lease = ReaderLease(consumer.core)
            }

            /// The next batch; nil when the consumer has been shut down.
            public mutating func next() async throws(KafkaError) -> ConsumerRecordBatch? {
                try await self.consumer.reader.next(.batches, for: self.consumer)?.batch
            }

            /// The next batch; nil when the consumer has been shut down.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(KafkaError) -> ConsumerRecordBatch? {
                try await self.consumer.reader.next(.batches, for: self.consumer)?.batch
            }
        }

        /// Begins to read, or goes on.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self.consumer) }
    }

    /// A consumer's records, one by one.
    public struct Records: AsyncSequence, Sendable {
        /// What the sequence gives.
        public typealias Element = ConsumerRecord
        /// What it throws.
        public typealias Failure = KafkaError

        let consumer: KafkaConsumer

        /// Waits for records, and goes through those that are there.
        public struct AsyncIterator: AsyncIteratorProtocol {
            private let consumer: KafkaConsumer
            private let lease: ReaderLease
            private var records: ConsumerRecordBatch.Iterator?
            private var reading: ConsumerReader.Reading?

            init(_ consumer: KafkaConsumer) {
                self.consumer = consumer
                self.lease = ReaderLease(consumer.core)
            }

            /// The next record; nil when the consumer has been shut down.
            public mutating func next() async throws(KafkaError) -> ConsumerRecord? {
                if let record = self.nextInHand() { return record }
                return try await self.nextBatch()
            }

            /// The next record; nil when the consumer has been shut down.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(KafkaError) -> ConsumerRecord? {
                if let record = self.nextInHand() { return record }
                return try await self.nextBatch()
            }

            /// A record of the batch in hand: no wait, no lock, no allocation.
            private mutating func nextInHand() -> ConsumerRecord? {
                guard let progress = self.reading?.progress, !progress.isInterrupted.load(ordering: .relaxed),
                    let record = self.records?.next()
                else { return nil }
                progress.current.store(record.offset, ordering: .relaxed)
                if self.records?.isAtEnd == true { progress.isAtEnd.store(true, ordering: .relaxed) }
                return record
            }

            private mutating func nextBatch() async throws(KafkaError) -> ConsumerRecord? {
                while true {
                    self.reading?.finish()
                    self.records = nil
                    self.reading = nil
                    guard let reading = try await self.consumer.reader.next(.records, for: self.consumer) else {
                        return nil
                    }
                    self.records = reading.batch.makeIterator()
                    self.reading = reading
                    if let record = self.nextInHand() { return record }
                }
            }
        }

        /// Begins to read, or goes on.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self.consumer) }
    }
}
