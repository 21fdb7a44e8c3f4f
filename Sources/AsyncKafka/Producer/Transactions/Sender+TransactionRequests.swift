// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Sends the requests about transactions, one after the other.
extension Sender {
    /// Answers that come within milliseconds: the coordinator still writes the markers of the transaction before.
    private static let briefBackoff: Duration = .milliseconds(5)

    /// Obtains the producer's identity, adds partitions and offsets to transactions, and ends them. Returns when the task is
    /// cancelled, or with a fatal error.
    func sendTransactionRequests(_ transactions: Transactions) async -> KafkaError? {
        var report = FailureReport(patience: .seconds(5))
        var failures = 0
        while !Task.isCancelled {
            guard let request = self.accumulator.withLock({ $0.takeTransactionRequest() }) else {
                if let fatal = self.accumulator.withLock({ $0.transactions?.failure }) { return fatal }
                await transactions.wanted.wait(on: self.loop)
                continue
            }
            let begun = self.loop.now
            let answer = await self.perform(request, transactions)
            if Task.isCancelled { return nil }
            let now = self.loop.now
            self.decide { $0.transactionAnswered(answer, now: now) }
            guard case .failed(let error, let consequence) = answer else {
                failures = 0
                if report.succeeded() { self.logger(.info, "The transaction's coordinator answers again") }
                continue
            }
            if consequence == .fatal {
                self.logger(.error, "The transactional producer can't go on", [(.error, error.description)])
                continue
            }
            failures += 1
            let isRefused = consequence == .abort
            if error.brokerCode != .concurrentTransactions || failures > 100,
                let count = report.failed(now: now, since: begun, isUrgent: isRefused)
            {
                self.logger(
                    .warning, "A request about a transaction failed",
                    [(.count, "\(count)"), (.error, error.description)])
            }
            let isBrief = error.brokerCode == .concurrentTransactions
            let backoff =
                isBrief ? self.transactionBackoff(failures: failures) : self.cluster.backoff(failures: failures)
            try? await self.cluster.pause(until: self.loop.now + backoff)
        }
        return nil
    }

    /// The pause after a broker has answered that the transaction before is still being ended.
    func transactionBackoff(failures: Int) -> Duration {
        min(Self.briefBackoff * (1 << min(max(failures - 1, 0), 10)), self.cluster.backoff(failures: failures))
    }

    private func perform(
        _ request: TransactionStateMachine.Request, _ transactions: Transactions
    ) async -> TransactionStateMachine.Answer {
        let deadline = self.loop.now + self.configuration.cluster.requestTimeout
        do throws(KafkaError) {
            switch request {
            case .initialize(let current):
                let call = InitTransactionsCall(
                    transactionalID: transactions.id, transactionTimeout: transactions.timeout, current: current)
                return .initialized(try await self.cluster.attempt(call, deadline: deadline))
            case .addPartitions(let partitions, let identity):
                let call = AddPartitionsToTxnCall(producer: transactions.producer(identity))
                try await self.attemptAll(call, Array(partitions), deadline: deadline)
                return .done
            case .addOffsets(let group, let identity):
                let call = AddOffsetsToTxnCall(producer: transactions.producer(identity), group: group)
                try await self.cluster.attempt(call, deadline: deadline)
                return .done
            case .commitOffsets(let commit, let identity, let version):
                var call = TxnOffsetCommitCall(
                    producer: transactions.producer(identity), version: version, group: commit.identity.group,
                    offsets: commit.offsets, topicIDs: commit.topicIDs)
                if commit.identity.isMember {
                    call.memberID = commit.identity.memberID
                    call.generation = commit.identity.epoch
                    call.instanceID = commit.identity.instanceID
                }
                try await self.attemptAll(call, Array(commit.offsets.keys), deadline: deadline)
                return .done
            case .end(let outcome, let identity, let version):
                let call = EndTxnCall(
                    producer: transactions.producer(identity), version: version,
                    isCommit: outcome == .commit)
                return .ended(next: try await self.cluster.attempt(call, deadline: deadline))
            }
        } catch {
            let consequence = request.consequence(of: error)
            switch (consequence, request, error.brokerCode) {
            case (.fatal, _, _):
                return .failed(await self.fatal(error, request, transactions), consequence)
            case (.abort, .end, .invalidTxnState?):
                var late = error
                late.message =
                    "The coordinator has no open transaction: it aborts those that last longer than transactionTimeout "
                    + "(\(transactions.timeout)). \(error.message)"
                return .failed(late, consequence)
            default:
                return .failed(error, consequence)
            }
        }
    }

    /// Makes an attempt at a call about partitions. Throws the error that weighs most if it isn't done for all of them.
    private func attemptAll<C: CoordinatorCall>(
        _ call: C, _ partitions: [TopicPartition], deadline: MonotonicTime
    ) async throws(KafkaError) where C.Item == TopicPartition, C.Value == Void {
        let outcomes = try await self.cluster.attempt(call, for: partitions, deadline: deadline)
        var errors: [KafkaError] = []
        for partition in partitions {
            switch outcomes[partition]?.result {
            case .success: break
            case .failure(let error): errors.append(error)
            case nil: errors.append(.leftOut(by: nil))
            }
        }
        // A partition that was not tried is refused because of another one.
        let tried = errors.filter { $0.brokerCode != .operationNotAttempted }
        let worst = tried.first { !$0.isRetriable } ?? tried.first ?? errors.first
        if let worst { throw worst }
    }
}

extension Transactions {
    fileprivate func producer(_ identity: ProducerIdentity) -> TransactionalProducer {
        TransactionalProducer(transactionalID: self.id, identity: identity)
    }
}

extension Sender {
    /// The error with which a producer can't go on.
    private func fatal(
        _ error: KafkaError, _ request: TransactionStateMachine.Request, _ transactions: Transactions
    ) async -> KafkaError {
        var fatal = error
        fatal.isFatal = true
        fatal.isRetriable = false
        fatal.underlyingError = error
        switch error.brokerCode {
        case .producerFenced, .invalidProducerEpoch, .transactionCoordinatorFenced:
            fatal.code = .producerFenced
            let own =
                request.identity.map { "producer id \($0.id) and epoch \($0.epoch)" } ?? "no producer id yet"
            let next = await self.owner(of: transactions.id).map { ", and the id has \($0) now" }
            fatal.message =
                "Another producer with the transactional id \(transactions.id) has taken over, or a transaction was open for longer "
                + "than transactionTimeout (\(transactions.timeout)), so that the coordinator aborted it. This one had \(own)\(next ?? ""). Make a "
                + "new producer, unless another one is meant to have the id. \(error.message)"
        default:
            if error.brokerCode == .invalidTransactionTimeout { fatal.code = .invalidConfiguration }
            fatal.message =
                "This producer can't go on: make a new producer when what follows is mended. \(error.message)"
        }
        return fatal
    }

    /// Who has a transactional id now, if the cluster says so soon.
    private func owner(of id: String) async -> String? {
        let deadline = self.loop.now + .seconds(1)
        let results = await self.cluster.perform(DescribeTransactionsCall(), for: [id], deadline: deadline)
        guard let found = try? results[id]?.get() else { return nil }
        return "producer id \(found.producerID) and epoch \(found.producerEpoch)"
    }
}

extension TransactionStateMachine.Request {
    fileprivate var identity: ProducerIdentity? {
        switch self {
        case .initialize(let current): current
        case .addPartitions(_, let identity), .addOffsets(_, let identity), .commitOffsets(_, let identity, _),
            .end(_, let identity, _):
            identity
        }
    }
}
