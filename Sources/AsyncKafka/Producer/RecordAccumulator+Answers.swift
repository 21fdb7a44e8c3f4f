// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

extension RecordAccumulator {
    /// A broker's answer to one batch, or the error if there is none.
    struct Answer: Sendable {
        var verdict: ProduceAnswer
        var baseOffset: Int64?
        var logAppendTime: Int64?
        /// Nil if the batch is stored.
        var error: KafkaError?
        /// The records that the broker names as the cause (KIP-467).
        var recordErrors: [Int32: KafkaError] = [:]
        var meansStaleMetadata = false
    }

    /// Processes the answers to a request.
    mutating func answered(_ drained: Drained, _ answers: [Answer], now: MonotonicTime) -> [Action] {
        var actions: [Action] = []
        actions.reserveCapacity(2 * answers.count + 1)
        let broker = self.brokers[drained.broker]
        broker?.inFlight -= 1
        for (transmission, answer) in zip(drained.transmissions, answers) {
            if answer.meansStaleMetadata { self.needMetadata(of: transmission.partition.topic, &actions) }
            self.take(answer, to: transmission, from: drained.broker, now: now, &actions)
            transmission.partition.settleFailures()
            self.list(transmission.partition, &actions)
        }
        if let broker { self.send(to: broker, &actions) }
        // An abort may wait for the last answer.
        if self.settings.isTransactional, broker?.inFlight == 0 { actions.append(.transact) }
        return actions
    }

    private mutating func take(
        _ answer: Answer, to transmission: Transmission, from broker: Int32, now: MonotonicTime,
        _ actions: inout [Action]
    ) {
        let partition = transmission.partition
        let batch = transmission.batch
        if let error = answer.error { partition.failedAttempts.add(error, now: now) }
        switch partition.queue.answered(transmission.id, answer.verdict) {
        case .stored:
            partition.failures = 0
            partition.failedAttempts = FailedAttempts()
            self.releaseMemory(of: batch, partition, &actions)
            actions.append(
                .end(batch, .stored(baseOffset: answer.baseOffset, logAppendTime: answer.logAppendTime)))
        case .retry:
            // If the leader is already known to be another broker, there is nothing to wait for.
            let isForTransaction = answer.error?.brokerCode == .concurrentTransactions
            if partition.leader == broker { self.backOff(partition, isForTransaction: isForTransaction, &actions) }
        case .split:
            self.learnLimit(of: partition.topic, from: batch, now: now, &actions)
            actions.append(.split(Splitting(partition: partition, id: transmission.id, batch: batch)))
        case .failed(let isOutcomeUnknown):
            self.releaseMemory(of: batch, partition, &actions)
            self.fail(batch, Self.failure(answer, isOutcomeUnknown: isOutcomeUnknown), &actions)
        case .alreadyEnded:
            self.releaseMemory(of: batch, partition, &actions)
        }
    }

    /// Ends a batch that has failed, and with it its transaction: under the same lock, so that no commit can come in between.
    private mutating func fail(_ batch: ProducerBatch, _ result: BatchResult, _ actions: inout [Action]) {
        actions.append(.end(batch, result))
        guard self.settings.isTransactional, let error = result.error else { return }
        actions += self.spoilTransaction(batch.transaction, because: error)
    }

    private static func failure(_ answer: Answer, isOutcomeUnknown: Bool) -> BatchResult {
        var error = answer.error ?? KafkaError(.brokerError, "The broker refused the records.")
        error.isOutcomeUnknown = isOutcomeUnknown
        guard !answer.recordErrors.isEmpty, !isOutcomeUnknown else { return .failed(error) }
        var others = error
        others.isRetriable = true
        others.message =
            "The record was not stored, because the broker refused another one in its batch. It can be sent again. "
            + error.message
        return .recordsRefused(answer.recordErrors, others: others)
    }

    /// Replaces a batch by the parts that it was split into. They are sent without a backoff.
    mutating func replace(_ splitting: Splitting, by parts: [ProducerBatch]) -> [Action] {
        var actions: [Action] = []
        let (batch, partition) = (splitting.batch, splitting.partition)
        let parts = parts.map { (batch: $0, count: Int32(truncatingIfNeeded: $0.count)) }
        let isWaitedFor = partition.queue.split(splitting.id, into: parts)
        if isWaitedFor, !parts.isEmpty {
            self.moveMemory(from: batch, to: parts.map(\.batch), of: partition)
            actions += [.freeRecords(batch), .end(batch, .split(parts))]
        } else {
            self.releaseMemory(of: batch, partition, &actions)
            if isWaitedFor {
                // Batches that the producer has encoded can be decoded, so this is not expected.
                let error = KafkaError(
                    .recordTooLarge, "A batch is larger than its topic takes, and could not be split.")
                self.fail(batch, .failed(error), &actions)
            }
        }
        self.list(partition, &actions)
        return actions
    }

    /// The topic accepts less than this batch, so its next batches are smaller.
    private func learnLimit(
        of topic: TopicState, from batch: ProducerBatch, now: MonotonicTime, _ actions: inout [Action]
    ) {
        if topic.batchSize.refused(batch.records.byteCount, now: now) {
            actions.append(.reportSmallerBatches(topic: topic.name, size: topic.batchSize.current))
        }
        for partition in topic.partitions {
            if let open = partition.open { open.limit = min(open.limit, topic.batchSize.current) }
        }
    }

    // MARK: Giving up

    /// Gives up the batches whose deadline has passed, and sets the timer for the next deadline.
    mutating func expire(now: MonotonicTime) -> [Action] {
        var actions: [Action] = []
        var next: MonotonicTime?
        for topic in self.topics.values {
            for partition in topic.partitions {
                if let batch = partition.open, batch.deadline <= now { self.close(partition) }
                for ended in partition.queue.expire(now: now) {
                    self.end(ended, of: partition, with: self.expiryError(partition, now: now), &actions)
                }
                partition.settleFailures()
                let deadlines = [partition.queue.earliestDeadline, partition.open?.deadline].compactMap { $0 }
                for deadline in deadlines { next = min(next ?? deadline, deadline) }
                self.list(partition, &actions)
            }
        }
        self.isExpiryTimerSet = next != nil
        if let next { actions.append(.setExpiryTimer(next)) }
        return actions
    }

    private func expiryError(_ partition: PartitionState, now: MonotonicTime) -> KafkaError {
        let error = KafkaError(
            .deliveryTimedOut,
            "The record was not acknowledged within deliveryTimeout (\(self.settings.deliveryTimeout)).",
            topic: partition.topicPartition.topic, partition: partition.index, isRetriable: true)
        return self.explained(error, by: partition, now: now)
    }

    /// Adds to an error why a partition's records were not stored in time.
    private func explained(_ error: KafkaError, by partition: PartitionState, now: MonotonicTime) -> KafkaError {
        var error = error
        guard let leader = partition.leader else {
            // Earlier failures, with the former leader, are not the reason.
            error.message += " The partition has no leader."
            return error
        }
        var attempts = partition.failedAttempts
        if partition.isAwaitingIdentity, self.settings.isTransactional {
            attempts = self.transactionAttempts
            error.message += " The partition could not be added to the transaction yet."
        } else if partition.isAwaitingIdentity {
            attempts = self.idempotence.failedAttempts
            error.message += " The producer has no id yet, which idempotence needs."
        }
        guard let last = attempts.last, let summary = attempts.summary(now: now)?.message else {
            if !partition.isAwaitingIdentity { error.message += " Broker \(leader) has not answered." }
            return error
        }
        error.message += " The last thing that went wrong: \(summary)"
        error.brokerCode = last.brokerCode
        error.broker = last.broker
        error.underlyingError = last
        return error
    }

    private mutating func end(
        _ ended: BatchQueue<ProducerBatch>.Ended, of partition: PartitionState, with error: KafkaError,
        _ actions: inout [Action]
    ) {
        var error = error
        error.isOutcomeUnknown = ended.isOutcomeUnknown
        if !ended.isInUse { self.releaseMemory(of: ended.batch, partition, &actions) }
        self.fail(ended.batch, .failed(error), &actions)
    }

    /// Gives up all batches of a partition.
    mutating func giveUp(_ partition: PartitionState, because error: KafkaError, _ actions: inout [Action]) {
        self.close(partition)
        var error = error
        error.topic = partition.topicPartition.topic
        error.partition = partition.index
        for ended in partition.queue.giveUpAll() { self.end(ended, of: partition, with: error, &actions) }
        partition.settleFailures()
    }

    /// Gives up all batches.
    mutating func giveUpAll(because error: KafkaError) -> [Action] {
        var actions: [Action] = []
        for topic in self.topics.values {
            for partition in topic.partitions { self.giveUp(partition, because: error, &actions) }
        }
        return actions
    }

    /// Gives up all batches because the time for closing is over.
    mutating func giveUpAll(because error: KafkaError, now: MonotonicTime) -> [Action] {
        var actions: [Action] = []
        for topic in self.topics.values {
            for partition in topic.partitions {
                self.giveUp(partition, because: self.explained(error, by: partition, now: now), &actions)
            }
        }
        return actions
    }

    // MARK: Flushing and closing

    /// Allows open batches to be sent without waiting for more records. Returns all batches that have not ended.
    mutating func flush(_ actions: inout [Action]) -> [ProducerBatch] {
        self.makeOpenDue(&actions)
        return self.topics.values.flatMap { topic in topic.partitions.flatMap(\.pending) }
    }
}
