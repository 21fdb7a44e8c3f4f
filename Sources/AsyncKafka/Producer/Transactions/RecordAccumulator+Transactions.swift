// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// The transactions of a transactional producer. All batches in the accumulator belong to the open one.
extension RecordAccumulator {
    /// The number under which a producer without transactions appends records.
    static let noTransaction: UInt64 = 0
    /// No record is appended under this number.
    private static let closed = UInt64.max

    /// Begins a transaction, if that is possible now.
    mutating func beginTransaction(_ version: TransactionVersion) -> TransactionStateMachine.Begun {
        if let failure = self.transactions?.failure { return .failed(failure) }
        if let closed = self.closed { return .failed(closed) }
        if self.refusesTransactions { return .failed(.producerClosed) }
        guard let begun = self.transactions?.begin(version) else { return .notReady }
        if case .begun(let number) = begun { self.openTransaction = number }
        return begun
    }

    /// Accepts no more records for the open transaction.
    mutating func closeTransaction() {
        self.openTransaction = Self.closed
        self.freeBatch = nil
    }

    /// Ends the open transaction. Before a commit, all records must have their results; an abort gives them up.
    mutating func endTransaction(_ outcome: TransactionStateMachine.Outcome) -> [Action] {
        var actions: [Action] = []
        self.closeTransaction()
        self.transactions?.end(outcome)
        if outcome == .abort {
            self.giveUpTransaction(because: KafkaError(.transactionAborted, "The transaction was aborted."), &actions)
        }
        actions.append(.transact)
        return actions
    }

    /// A transaction can only be aborted, if it is still open.
    mutating func spoilTransaction(_ number: UInt64, because error: KafkaError) -> [Action] {
        var actions: [Action] = []
        guard case .open(let open)? = self.transactions?.state, open.number == number, open.abortReason == nil else {
            return actions
        }
        self.transactions?.spoil(because: error)
        self.closeTransaction()
        self.giveUpTransaction(because: .transactionAborted(because: error), &actions)
        actions.append(.transact)
        return actions
    }

    private mutating func giveUpTransaction(because error: KafkaError, _ actions: inout [Action]) {
        actions += self.giveUpAll(because: error)
        for waiter in self.buffer.removeWaiters() { actions.append(.refuse(waiter, error)) }
        _ = self.takeAwaitingIdentity()
    }

    /// The error of a record that is appended to a transaction that isn't open.
    func refusal(of transaction: UInt64) -> KafkaError {
        if let failure = self.transactions?.failure { return failure }
        if let closed = self.closed { return closed }
        if let current = self.transactions?.current, current.number == transaction, let reason = current.abortReason {
            return .transactionAborted(because: reason)
        }
        // Closing may have aborted it.
        if self.refusesTransactions { return .producerClosed }
        return KafkaError(
            .illegalState,
            "The transaction has ended: a KafkaTransaction takes records only while the closure that received it runs.")
    }

    // MARK: Requests

    /// The next request about the transaction.
    mutating func takeTransactionRequest() -> TransactionStateMachine.Request? {
        let isQuiet = self.brokers.values.allSatisfy { $0.inFlight == 0 }
        return self.transactions?.takeRequest(isQuiet: isQuiet)
    }

    /// Processes the answer to a request about the transaction.
    mutating func transactionAnswered(_ answer: TransactionStateMachine.Answer, now: MonotonicTime) -> [Action] {
        var actions: [Action] = []
        if case .failed(let error, _) = answer {
            self.transactionAttempts.add(error, now: now)
        } else {
            self.transactionAttempts = FailedAttempts()
        }
        let wasSpoiled = self.transactions?.current?.abortReason != nil
        self.transactions?.answered(answer)
        if let failure = self.transactions?.failure {
            self.closeTransaction()
            self.giveUpTransaction(because: failure, &actions)
        } else if !wasSpoiled, let reason = self.transactions?.current?.abortReason {
            self.closeTransaction()
            self.giveUpTransaction(because: .transactionAborted(because: reason), &actions)
        }
        for partition in self.takeAwaitingIdentity() { self.list(partition, &actions) }
        actions.append(.transact)
        return actions
    }

    /// The producer can't go on, because the result of a transaction can't be waited for any longer.
    mutating func failTransaction(_ number: UInt64, because error: KafkaError) -> [Action] {
        var actions: [Action] = []
        guard self.transactions?.current?.number == number else { return actions }
        self.transactions?.fail(because: error)
        self.closeTransaction()
        self.giveUpTransaction(because: error, &actions)
        actions.append(.transact)
        return actions
    }

    /// The identity to write to a partition with. Nil if the partition has to be added to the transaction first.
    mutating func transactionalIdentity(for partition: PartitionState, _ actions: inout [Action]) -> ProducerIdentity? {
        let identity = self.transactions?.mayWrite(to: partition.topicPartition)
        if identity == nil {
            partition.isAwaitingIdentity = true
            self.awaitingIdentity.append(partition)
            actions.append(.transact)
        }
        return identity
    }
}

extension KafkaError {
    /// The error of a transaction that could only be aborted.
    static func transactionAborted(because cause: KafkaError) -> KafkaError {
        guard cause.code != .transactionAborted else { return cause }
        var error = cause
        error.code = .transactionAborted
        error.isRetriable = cause.mayPassInNextTransaction
        error.isFatal = false
        error.isOutcomeUnknown = false
        error.message =
            "The transaction was aborted\(error.isRetriable ? ", and can be tried again" : ""): \(cause.message)"
        error.underlyingError = cause
        return error
    }

    /// Whether the same transaction may succeed when it is tried again.
    private var mayPassInNextTransaction: Bool {
        switch self.code {
        case .authorizationFailed, .closed, .recordTooLarge, .invalidArgument, .unsupportedVersion, .commitFailed,
            .compressionUnavailable, .fencedInstance, .illegalState:
            return false
        default:
            guard let code = self.brokerCode else { return true }
            switch code {
            case .transactionAbortable, .invalidTxnState: return true
            case .offsetMetadataTooLarge, .invalidCommitOffsetSize, .groupIdNotFound: return false
            default: return ProduceAnswer(code) != .refused
            }
        }
    }
}
