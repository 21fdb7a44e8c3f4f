// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension KafkaConsumer {
    /// Registers a sequence's reader, so that a shutdown waits for it.
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

    /// A consumer's records as a sequence of batches.
    public struct Batches: AsyncSequence, Sendable {
        /// The type of the elements.
        public typealias Element = ConsumerRecordBatch
        /// The type of the errors.
        public typealias Failure = KafkaError

        let consumer: KafkaConsumer

        /// An iterator over a consumer's batches.
        public struct AsyncIterator: AsyncIteratorProtocol {
            private let consumer: KafkaConsumer
            private let lease: ReaderLease

            init(_ consumer: KafkaConsumer) {
                self.consumer = consumer
                self.lease = ReaderLease(consumer.core)
            }

            /// Returns the next batch, or nil when the consumer has been shut down.
            ///
            /// An error doesn't end reading: the next call continues.
            ///
            /// - Throws: `.corruptRecord`, `.compressionUnavailable` or `.recordTooLarge` for records that can't be
            ///   read, before which the position stays; `.noOffsetForPartition`, `.offsetOutOfRange` or `.logTruncated`
            ///   if `autoOffsetReset` is `.none` and the position has to be set with `seek`; `.listenerFailed` if a
            ///   callback threw; `.groupFailed` or `.fencedInstance` if the group can't be joined;
            ///   `.authorizationFailed`, `.authenticationFailed` or `.tlsFailed`; `.illegalState` if another task is
            ///   reading; `.cancelled`; or another error of a broker that isn't retriable.
            public mutating func next() async throws(KafkaError) -> ConsumerRecordBatch? {
                try await self.consumer.reader.next(.batches, for: self.consumer)?.batch
            }

            /// Returns the next batch, or nil when the consumer has been shut down.
            ///
            /// An error doesn't end reading: the next call continues.
            ///
            /// - Throws: `.corruptRecord`, `.compressionUnavailable` or `.recordTooLarge` for records that can't be
            ///   read, before which the position stays; `.noOffsetForPartition`, `.offsetOutOfRange` or `.logTruncated`
            ///   if `autoOffsetReset` is `.none` and the position has to be set with `seek`; `.listenerFailed` if a
            ///   callback threw; `.groupFailed` or `.fencedInstance` if the group can't be joined;
            ///   `.authorizationFailed`, `.authenticationFailed` or `.tlsFailed`; `.illegalState` if another task is
            ///   reading; `.cancelled`; or another error of a broker that isn't retriable.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(KafkaError) -> ConsumerRecordBatch? {
                try await self.consumer.reader.next(.batches, for: self.consumer)?.batch
            }
        }

        /// Returns an iterator that starts or continues reading.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self.consumer) }
    }

    /// A consumer's records as a sequence of single records.
    public struct Records: AsyncSequence, Sendable {
        /// The type of the elements.
        public typealias Element = ConsumerRecord
        /// The type of the errors.
        public typealias Failure = KafkaError

        let consumer: KafkaConsumer

        /// An iterator over a consumer's records.
        public struct AsyncIterator: AsyncIteratorProtocol {
            private let consumer: KafkaConsumer
            private let lease: ReaderLease
            private var records: ConsumerRecordBatch.Iterator?
            private var reading: ConsumerReader.Reading?

            init(_ consumer: KafkaConsumer) {
                self.consumer = consumer
                self.lease = ReaderLease(consumer.core)
            }

            /// Returns the next record, or nil when the consumer has been shut down.
            ///
            /// An error doesn't end reading: the next call continues.
            ///
            /// - Throws: the same errors as `Batches.AsyncIterator.next()`.
            public mutating func next() async throws(KafkaError) -> ConsumerRecord? {
                if let record = self.nextInHand() { return record }
                return try await self.nextBatch()
            }

            /// Returns the next record, or nil when the consumer has been shut down.
            ///
            /// An error doesn't end reading: the next call continues.
            ///
            /// - Throws: the same errors as `Batches.AsyncIterator.next()`.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(KafkaError) -> ConsumerRecord? {
                if let record = self.nextInHand() { return record }
                return try await self.nextBatch()
            }

            /// Returns the next record of the batch in hand without a wait, a lock or an allocation.
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

        /// Returns an iterator that starts or continues reading.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self.consumer) }
    }
}
