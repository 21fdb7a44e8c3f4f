// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaAdminClient {
    /// Describes the producers that have recently written to partitions (KIP-664). Requires Kafka 2.8.
    ///
    /// - Parameters:
    ///   - partitions: The partitions.
    ///   - broker: The broker whose replicas are asked, or nil for the leaders. Default: nil.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each partition: idempotent and transactional producers, by id. It is `.unsupportedVersion` with
    ///   brokers below Kafka 2.8.
    public func describeProducers(
        _ partitions: [TopicPartition], broker: Int32? = nil, timeout: Duration? = nil
    ) async -> [TopicPartition: Result<[ProducerState], KafkaError>] {
        await self.perform(DescribeProducersCall(broker: broker), for: partitions, timeout: timeout)
    }

    /// Lists the transactional ids of the cluster (KIP-664). Requires Kafka 3.0. Every broker is asked for those that it
    /// coordinates.
    ///
    /// - Parameters:
    ///   - states: The states of those to list, or nil for all. Default: nil.
    ///   - producerIDs: The producers of those to list, or nil for all. Default: nil.
    ///   - minimumAge: The time for which a transaction must have been open, or nil for any (KIP-994). Requires Kafka 3.8. Default:
    ///     nil.
    ///   - pattern: The regular expression of the transactional ids to list, in the syntax of RE2J, or nil for all (KIP-1152).
    ///     Requires Kafka 4.1. Default: nil.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The transactional ids, sorted.
    /// - Throws: `.unsupportedVersion` if a broker is too old for the call or a filter, and `.invalidArgument` for a state that a
    ///   broker doesn't know; and the errors of all calls. If one broker
    ///   doesn't answer, the call fails, since transactions would be missing.
    public func listTransactions(
        states: Set<TransactionState>? = nil, producerIDs: Set<Int64>? = nil, minimumAge: Duration? = nil,
        pattern: String? = nil, timeout: Duration? = nil
    ) async throws(KafkaError) -> [TransactionListing] {
        if states?.isEmpty == true || producerIDs?.isEmpty == true { return [] }
        let call = ListTransactionsCall(
            states: states, producerIDs: producerIDs, minimumAge: minimumAge, pattern: pattern)
        let found = try await self.askEveryBroker(call, deadline: self.deadline(timeout)).flatMap(\.self)
        // A transactional id that moves to another coordinator meanwhile may be listed twice.
        let unique = Dictionary(found.map { ($0.transactionalID, $0) }) { $1 }
        return unique.values.sorted { $0.transactionalID < $1.transactionalID }
    }

    /// Describes transactional ids with their open transactions (KIP-664). Requires Kafka 3.0.
    ///
    /// - Parameters:
    ///   - ids: The transactional ids.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each transactional id. The `brokerCode` is `.transactionalIdNotFound` if its coordinator doesn't know
    ///   it. It is `.unsupportedVersion` with brokers below Kafka 3.0.
    public func describeTransactions(
        _ ids: [String], timeout: Duration? = nil
    ) async -> [String: Result<TransactionDescription, KafkaError>] {
        await self.perform(DescribeTransactionsCall(), for: ids, timeout: timeout)
    }

    /// Aborts a hanging transaction in a partition: one that keeps consumers with `.readCommitted` from reading on, and that no
    /// coordinator will end any more. Requires Kafka 2.8 and the right to `ClusterAction` (KIP-664).
    ///
    /// For a transaction that its coordinator still knows, use ``KafkaAdminClient/fenceProducers(_:timeout:)``: it ends in all of its partitions.
    ///
    /// - Parameters:
    ///   - partition: The partition.
    ///   - startOffset: The offset of the transaction's first record in the partition
    ///     (``ProducerState/transactionStartOffset``).
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Throws: `.invalidArgument` if no open transaction begins at the offset, `.authorizationFailed` without the right,
    ///   `.unsupportedVersion` with brokers below Kafka 2.8, and the errors of all calls. If `isOutcomeUnknown` is true, the
    ///   transaction may have been aborted.
    public func abortTransaction(
        in partition: TopicPartition, startOffset: Int64, timeout: Duration? = nil
    ) async throws(KafkaError) {
        let deadline = self.deadline(timeout)
        let described = await self.cluster.perform(DescribeProducersCall(), for: [partition], deadline: deadline)
        let producers = try described[partition]?.get() ?? []
        guard let producer = producers.first(where: { $0.transactionStartOffset == startOffset }) else {
            throw KafkaError(
                .invalidArgument, "No open transaction begins at offset \(startOffset).", topic: partition.topic,
                partition: partition.partition)
        }
        let call = AbortTransactionCall(
            partition: partition, producerID: producer.producerID,
            producerEpoch: Int16(clamping: producer.producerEpoch),
            coordinatorEpoch: producer.coordinatorEpoch ?? 0)
        try await self.cluster.perform(call, deadline: deadline)
    }

    /// Aborts a hanging transaction in a partition by its producer, as `abortTransaction(in:startOffset:timeout:)`. With brokers
    /// below Kafka 2.8 the producer is known from a dump of the log.
    ///
    /// - Parameters:
    ///   - partition: The partition.
    ///   - producerID: The producer's id.
    ///   - producerEpoch: The producer's epoch.
    ///   - coordinatorEpoch: The epoch of the transaction's coordinator; 0 if it has written no marker for the producer.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Throws: `.producerFenced` if the producer has a later epoch, `.authorizationFailed` without the right, and the errors of
    ///   all calls. The `brokerCode` is `.transactionCoordinatorFenced` if the coordinator has a later epoch. If
    ///   `isOutcomeUnknown` is true, the transaction may have been aborted.
    public func abortTransaction(
        in partition: TopicPartition, producerID: Int64, producerEpoch: Int16, coordinatorEpoch: Int32,
        timeout: Duration? = nil
    ) async throws(KafkaError) {
        let call = AbortTransactionCall(
            partition: partition, producerID: producerID, producerEpoch: producerEpoch,
            coordinatorEpoch: coordinatorEpoch)
        try await self.perform(call, timeout: timeout)
    }

    /// Fences the producers of transactional ids: their open transactions are aborted, and what they send is refused.
    ///
    /// - Parameters:
    ///   - ids: The transactional ids. One that doesn't exist is created.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each transactional id. It is `.authorizationFailed` without the right to write with it.
    public func fenceProducers(
        _ ids: [String], timeout: Duration? = nil
    ) async -> [String: Result<FencedProducer, KafkaError>] {
        let call = FenceProducersCall(transactionTimeout: self.brokerTimeout(timeout))
        return await self.perform(call, for: ids, timeout: timeout)
    }
}
