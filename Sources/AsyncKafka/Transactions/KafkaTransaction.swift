// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A transaction, as the closure of `KafkaTransactionalProducer.withTransaction` receives it.
///
/// It is of use while that closure runs. Afterwards its methods throw `.illegalState`. Several tasks may use it at once, if the
/// closure waits for them.
public struct KafkaTransaction: Sendable {
    let sender: Sender
    let transactions: Transactions
    let consumers: ConsumersInTransaction
    let number: UInt64

    /// Puts a record into the buffer, as part of the transaction. Waits for room as `KafkaProducer.enqueue(_:)` does.
    ///
    /// The commit waits for the acknowledgement of every record, and a record that isn't stored aborts the transaction. So the
    /// ``Delivery`` is of interest only for the record's offset, and that the record is stored doesn't mean that it is committed.
    ///
    /// - Throws: `.transactionAborted` if the transaction can only be aborted by now; `.illegalState` if it has ended; a fatal
    ///   error (`isFatal`) if the producer can't go on; otherwise as `KafkaProducer.enqueue(_:)`. A record that was not accepted
    ///   doesn't abort the transaction unless the closure throws.
    @discardableResult
    @inlinable
    public func enqueue(_ record: ProducerRecord) async throws(KafkaError) -> Delivery {
        // Inlined into the caller, so that a record that needn't wait costs no asynchronous call.
        if let delivery = try self.appendAtOnce(record) { return delivery }
        return try await self.appendWaiting(record)
    }

    @usableFromInline
    func appendAtOnce(_ record: ProducerRecord) throws(KafkaError) -> Delivery? {
        self.sender.tracer == nil ? try self.sender.append(record, in: self.number) : nil
    }

    @usableFromInline
    func appendWaiting(_ record: ProducerRecord) async throws(KafkaError) -> Delivery {
        try await self.sender.tracingCreation(of: record, self.accept)
    }

    private func accept(_ record: ProducerRecord) async throws(KafkaError) -> Delivery {
        do throws(KafkaError) {
            if let delivery = try self.sender.append(record, in: self.number) { return delivery }
            return try await self.sender.enqueue(record, in: self.number)
        } catch {
            self.transactions.note(error, in: self.number)
            throw error
        }
    }

    /// Sends a record as part of the transaction and waits until it is stored. It is not committed then: those who read committed
    /// see it after the commit.
    ///
    /// - Throws: The errors of ``KafkaTransaction/enqueue(_:)``, and those of ``Delivery/metadata``.
    public func send(_ record: ProducerRecord) async throws(KafkaError) -> RecordMetadata {
        guard let tracer = self.sender.tracer else { return try await self.enqueue(record).metadata }
        return try await self.sender.tracingSend(of: record, tracer) { record throws(KafkaError) in
            try await self.accept(record).metadata
        }
    }

    /// Adds offsets to the transaction, which become those of the consumer's group when the transaction is committed (KIP-447). The
    /// offset for a partition is that of the next record to read.
    ///
    /// The group refuses them if the consumer is no longer the member that it was, so that partitions which another member has by
    /// now are not processed twice. `KafkaTransactionalProducer.process` does this by itself.
    ///
    /// Commit nothing else of the consumer until the transaction has ended: a commit beside it, also one that is still under way when
    /// it begins, can replace the offsets that are in it. `KafkaTransactionalProducer.process` waits for such commits and refuses them.
    ///
    /// If the transaction is aborted, the consumer's positions in these partitions go back to the last commit, or to where it was told to
    /// read since. If the closure is then run again for the same records and committed, they are behind the offsets again.
    ///
    /// - Throws: `.commitFailed` if the consumer doesn't own one of the partitions; `.invalidArgument` if an offset is negative;
    ///   `.illegalState` if the consumer has no `groupID`, or commits automatically (`enableAutoCommit`), or the transaction has
    ///   ended; `.transactionAborted` if the group refuses the offsets, for example because it has rebalanced. Brokers before 2.5
    ///   can't check a member and are refused with `.transactionAborted`, unless the consumer uses `assign`.
    public func commit(
        _ offsets: [TopicPartition: OffsetAndMetadata], of consumer: KafkaConsumer
    ) async throws(KafkaError) {
        let identity = try consumer.commits.identityForTransaction()
        // An abort moves the consumer back also if the offsets are refused, and a commit only if they are part of it.
        if self.sender.isCurrent(self.number) {
            self.consumers.add(offsets, of: consumer, to: self.number, areAccepted: false)
        }
        try await self.commit(offsets, of: consumer, as: identity) {
            self.consumers.add(offsets, of: consumer, to: self.number, areAccepted: true)
        }
    }

    func commit(
        _ offsets: [TopicPartition: OffsetAndMetadata], of consumer: KafkaConsumer, as identity: CommitIdentity,
        onceAdded: () -> Void = {}
    ) async throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        let (current, topicIDs) = try consumer.commits.prepareForTransaction(offsets, as: identity)
        do throws(KafkaError) {
            let commit = try self.sender.add(
                offsets, topicIDs: topicIDs, as: current, to: self.number, self.transactions)
            onceAdded()
            try await self.sender.waitUntilTaken(commit, in: self.number, self.transactions)
        } catch {
            self.transactions.note(error, in: self.number)
            throw error
        }
    }
}
