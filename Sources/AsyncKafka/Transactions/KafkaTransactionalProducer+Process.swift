// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// From topic to topic, exactly once.
extension KafkaTransactionalProducer {
    /// Reads batches from a consumer and processes each exactly once: what the closure writes and the offsets of what it has read are
    /// one transaction.
    ///
    /// ```swift
    /// try await producer.process(consumer) { batch, transaction in
    ///     for record in batch { try await transaction.enqueue(invoice(for: record)) }
    /// }
    /// ```
    ///
    /// Returns when the consumer is shut down gracefully, and throws `.closed` when the producer is. When the closure throws, the transaction is aborted, the consumer goes back to
    /// where it began, and the error is thrown; a further call continues from there. When the cluster causes the abort (a broker
    /// fails, the group rebalances), the same happens, and the batches are read again by this member or another one.
    ///
    /// Rebalances are waited for between two transactions: what is in the transaction is committed before its partitions are given up,
    /// and then the listener is called. The closure must finish within the consumer's `maxPollInterval`, and the whole transaction
    /// within `transactionTimeout`.
    ///
    /// The closure may run more than once for a batch. What it does elsewhere than through the transaction is not undone.
    ///
    /// - Parameters:
    ///   - consumer: Subscribed, or with assigned partitions. It needs a `groupID`, and `enableAutoCommit` must be false; set
    ///     `isolationLevel` to `.readCommitted` if its topics are written in transactions. Nothing else may read from it or commit
    ///     meanwhile. With `assign`, the group doesn't notice a second instance that has the same partitions: give the producers of
    ///     such instances the same `transactionalID`, so that the second one fences the first and begins behind what it has committed.
    ///   - interval: How much goes into one transaction. Default: each batch.
    ///   - retrying: How many transactions in a row may be aborted by the cluster before the error is thrown, with a growing pause
    ///     after each. Default: 100.
    ///   - body: Processes a batch.
    /// - Throws: The closure's error. Otherwise as `withTransaction`, and as the consumer's sequence `batches`. `.illegalState` if the
    ///   consumer commits automatically, has no group, or is being processed already.
    public func process(
        _ consumer: KafkaConsumer, every interval: TransactionInterval = .batch, retrying: Int = 100,
        _ body: (ConsumerRecordBatch, KafkaTransaction) async throws -> Void
    ) async throws {
        guard retrying >= 0 else {
            throw KafkaError(.invalidArgument, "retrying must not be negative; it is \(retrying).")
        }
        // Closing the consumer waits for the transaction.
        let lease = KafkaConsumer.ReaderLease(consumer.core)
        defer { withExtendedLifetime(lease) {} }
        try await consumer.commits.reserveForTransactions()
        defer { consumer.commits.releaseFromTransactions() }
        // When the producer closes, the wait for a batch ends. Otherwise this member would keep its partitions without reading them.
        let (sender, id) = (self.producer.sender, ObjectIdentifier(consumer))
        self.transactions.atClosing.withLock { $0[id] = { consumer.core.wake([.reader]) } }
        defer { self.transactions.atClosing.withLock { $0[id] = nil } }
        try await self.beginBehindFormerProducers(consumer, retrying: retrying)
        var failures = 0
        while let first = try await consumer.reader.next(
            .batches, for: consumer, unless: { sender.closingError != nil })
        {
            let identity = try consumer.commits.identityForTransaction()
            var processed = ProcessedBatches()
            processed.begin(first.batch)
            let attempt: Attempt<Void>
            do {
                attempt = try await self.attempt { transaction in
                    try await self.fill(transaction, from: consumer, first.batch, &processed, interval, body)
                    try await transaction.commit(processed.ends, of: consumer, as: identity)
                }
            } catch {
                // No transaction could begin.
                attempt = .aborted(error, reason: error as? KafkaError)
            }
            switch attempt {
            case .committed:
                failures = 0
                consumer.commits.committedInTransaction(processed.ends)
            case .aborted(let error, let reason):
                try self.goBack(consumer, processed, after: error, reason, mayRetry: failures < retrying)
                failures += 1
                try await self.pause(failures: failures)
            }
        }
        if !consumer.core.state.withLock({ $0.phase != .open }), let error = sender.closingError { throw error }
    }

    /// Waits until earlier producers with the id are fenced, and lets a consumer with assigned partitions begin behind what they have
    /// committed until then. With a subscription, the group refuses the offsets of former members.
    private func beginBehindFormerProducers(_ consumer: KafkaConsumer, retrying: Int) async throws {
        let isAssigned = consumer.core.state.withLock { state in
            if case .partitions = state.subscriptions.subscription { true } else { false }
        }
        guard isAssigned else { return }
        var failures = 0
        while true {
            do throws(KafkaError) {
                try await self.producer.sender.waitForIdentity(self.transactions)
                return consumer.commits.lookUpCommittedAgain()
            } catch {
                guard error.isRetriable, failures < retrying else { throw error }
                failures += 1
                try await self.pause(failures: failures)
            }
        }
    }

    /// Passes a batch to the closure, and further ones until the interval is over, or half of the time of a transaction: enough of it
    /// remains for the commit then.
    private func fill(
        _ transaction: KafkaTransaction, from consumer: KafkaConsumer, _ first: ConsumerRecordBatch,
        _ processed: inout ProcessedBatches, _ interval: TransactionInterval,
        _ body: (ConsumerRecordBatch, KafkaTransaction) async throws -> Void
    ) async throws {
        let begun = consumer.core.loop.now
        let end = begun + self.transactions.timeout / 2
        let deadline = interval.duration.map { min(begun + $0, end) }
        let sender = self.producer.sender
        var batch = first
        while true {
            try await consumer.withSpan(processing: batch) { try await body(batch, transaction) }
            processed.end(batch)
            if interval.isReached(records: processed.records, bytes: processed.bytes) { return }
            if consumer.core.loop.now >= end { return }
            let next = try await consumer.reader.nextBesideOthers(
                until: deadline, for: consumer, unless: { sender.closingError != nil })
            guard let next else { return }
            batch = next.batch
            processed.begin(batch)
        }
    }

    /// Moves the consumer back to where an aborted transaction began. Throws if the transaction isn't to be tried again.
    private func goBack(
        _ consumer: KafkaConsumer, _ processed: ProcessedBatches, after error: any Error, _ reason: KafkaError?,
        mayRetry: Bool
    ) throws {
        guard reason?.isFatal != true else {
            // The transaction may be committed, or another producer has gone on.
            consumer.commits.goBack(processed.starts.keys, isUndecided: true)
            throw error is KafkaError ? reason ?? error : error
        }
        consumer.commits.goBack(to: processed.starts)
        // Partitions that a rebalance has taken away are processed by another member.
        let isOfLostMembership = (error as? KafkaError)?.code == .commitFailed
        guard mayRetry, !Task.isCancelled, reason?.isRetriable == true || isOfLostMembership else { throw error }
        self.producer.sender.logger(
            .warning, "A transaction was aborted; its records are read again", [(.error, "\(reason ?? error)")])
    }
}
