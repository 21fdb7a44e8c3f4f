// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// A transaction from its begin to its end, as the task that uses it sees it.
extension Sender {
    /// The longest time that closing waits for an abort when it doesn't wait for records.
    private static let abortPatience: Duration = .seconds(5)

    /// Whether a transaction is open or ending.
    func isCurrent(_ number: UInt64) -> Bool {
        self.accumulator.withLock { $0.transactions?.current?.number == number }
    }

    /// Why no further transaction begins: the producer is closing, or can't go on.
    var closingError: KafkaError? {
        self.accumulator.withLock { accumulator in
            accumulator.transactions?.failure ?? (accumulator.refusesTransactions ? .producerClosed : nil)
        }
    }

    /// Begins a transaction and returns its number. Waits for the producer's identity for `maxBlock`.
    func beginTransaction(_ transactions: Transactions) async throws(KafkaError) -> UInt64 {
        let deadline = self.loop.now + self.configuration.maxBlock
        let refusals = self.accumulator.withLock { $0.transactions?.refusals.count }
        while true {
            if Task.isCancelled { throw .cancelled }
            let version = self.transactionVersion(transactions)
            let begun = self.accumulator.withLock { $0.beginTransaction(version) }
            switch begun {
            case .begun(let number): return number
            case .failed(let error): throw error
            case .notReady, .isOpen: transactions.wanted.notify()
            }
            try await self.waitUntilReady(transactions, until: deadline, refusals: refusals)
        }
    }

    /// Waits for the producer's first identity, for `maxBlock`. Earlier producers with the id are fenced then, and their transactions
    /// have ended. Returns at once if there can't be a transaction any more.
    func waitForIdentity(_ transactions: Transactions) async throws(KafkaError) {
        let deadline = self.loop.now + self.configuration.maxBlock
        let refusals = self.accumulator.withLock { $0.transactions?.refusals.count }
        while self.closingError == nil, self.accumulator.withLock({ $0.transactions?.isInitialized == false }) {
            if Task.isCancelled { throw .cancelled }
            try await self.waitUntilReady(transactions, until: deadline, refusals: refusals)
        }
    }

    /// Waits until a transaction can begin, or until that has been refused, which is thrown if it happened before.
    ///
    /// - Parameter refusals: the number of refusals that are known already.
    private func waitUntilReady(
        _ transactions: Transactions, until deadline: MonotonicTime, refusals: Int?
    ) async throws(KafkaError) {
        let refused = self.accumulator.withLock { $0.transactions?.refusals }
        if let refused, refused.count != refusals, let error = refused.error { throw error }
        try await transactions.waiters.wait(until: deadline, on: self.loop) {
            self.accumulator.withLock { accumulator in
                guard accumulator.closed == nil, !accumulator.refusesTransactions,
                    accumulator.transactions?.refusals.count == refusals
                else { return true }
                return switch accumulator.transactions?.state {
                case .ready, .failed, nil: true
                case .uninitialized, .open, .ending, .stale: false
                }
            }
        } orThrow: {
            self.notReadyError(transactions)
        }
    }

    private func notReadyError(_ transactions: Transactions) -> KafkaError {
        guard self.cluster.isRunning else { return self.cluster.timeoutError("No transaction could begin") }
        return self.timeoutError(
            "No transaction could begin within maxBlock (\(self.configuration.maxBlock)): the coordinator of \(transactions.id) "
                + "has not answered, or has not ended the last transaction.")
    }

    /// The error if the result of a request doesn't come in time. It says why the last attempt failed.
    private func timeoutError(_ what: String, group: String? = nil) -> KafkaError {
        let now = self.loop.now
        let attempts = self.accumulator.withLock { $0.transactionAttempts }
        let last = attempts.summary(now: now).map { " The last thing that went wrong: \($0.message)" } ?? ""
        return KafkaError(
            .timedOut, what + last, brokerCode: attempts.last?.brokerCode, group: group, isRetriable: true,
            underlyingError: attempts.last)
    }

    /// Adds a group's offsets to a transaction. They are part of its commit from now on.
    func add(
        _ offsets: [TopicPartition: OffsetAndMetadata], topicIDs: [String: KafkaUUID]?, as identity: CommitIdentity,
        to transaction: UInt64, _ transactions: Transactions
    ) throws(KafkaError) -> OffsetsToCommit {
        let commit = self.accumulator.withLock { accumulator -> OffsetsToCommit? in
            guard accumulator.openTransaction == transaction else { return nil }
            return accumulator.transactions?.add(offsets, topicIDs: topicIDs, as: identity)
        }
        guard let commit else { throw self.accumulator.withLock { $0.refusal(of: transaction) } }
        transactions.changed()
        return commit
    }

    /// Waits until a group's coordinator has the offsets that were added to a transaction.
    func waitUntilTaken(
        _ commit: OffsetsToCommit, in transaction: UInt64, _ transactions: Transactions
    ) async throws(KafkaError) {
        let deadline = self.loop.now + transactions.timeout
        do throws(KafkaError) {
            try await transactions.waiters.waitForEnd(
                of: { self.accumulator.withLock { $0.transactions?.isPending(commit, of: transaction) } ?? false },
                until: deadline, on: self.loop
            ) {
                self.timeoutError(
                    "The offsets were not added to the transaction within transactionTimeout (\(transactions.timeout)).",
                    group: commit.identity.group)
            }
        } catch {
            // The coordinator may get them yet, so the transaction can't be committed without knowing.
            self.decide { $0.spoilTransaction(transaction, because: error) }
            throw error
        }
        let refusal = self.accumulator.withLock { accumulator -> KafkaError? in
            let isOpen = accumulator.transactions?.current.map { $0.number == transaction && $0.abortReason == nil }
            return isOpen == true ? nil : accumulator.refusal(of: transaction)
        }
        if let refusal { throw refusal }
    }

    /// Commits a transaction: sends its records, and ends it. Throws why it was aborted instead.
    func commitTransaction(_ number: UInt64, _ transactions: Transactions) async throws(KafkaError) {
        self.accumulator.withLock { $0.closeTransaction() }
        try await self.flush()
        if Task.isCancelled { throw .cancelled }
        let deadline = self.loop.now + transactions.timeout
        self.decide { $0.endTransaction(.commit) }
        // Once the commit may be on its way, only its result says what has become of the transaction, so cancelling the caller
        // doesn't end the wait. It ends at the deadline, and is awaited here.
        let result = await Task { await self.end(of: number, until: deadline, transactions) }.value
        _ = self.undelivered.take()
        switch result {
        case .success(let ended):
            if ended.outcome == .commit { return }
            // Without a reason, the producer was closed meanwhile.
            throw .transactionAborted(because: ended.reason ?? .producerClosed)
        case .failure(let error):
            throw error
        }
    }

    /// Aborts a transaction, unless it has ended. Waits for the result if the task isn't cancelled, for at most `requestTimeout`.
    ///
    /// - Returns: Why it could only be aborted; nil if it could have been committed.
    func abortTransaction(_ number: UInt64, _ transactions: Transactions) async -> KafkaError? {
        let (isCurrent, reason) = self.accumulator.withLock { accumulator -> (Bool, KafkaError?) in
            if let failure = accumulator.transactions?.failure { return (false, failure) }
            guard let current = accumulator.transactions?.current, current.number == number else { return (false, nil) }
            return (true, current.abortReason.map { .transactionAborted(because: $0) })
        }
        guard isCurrent else { return reason }
        self.decide { $0.endTransaction(.abort) }
        // What is not ended in time is ended later, before the next transaction.
        try? await self.waitForEnd(
            of: number, until: self.loop.now + self.configuration.cluster.requestTimeout, transactions)
        _ = self.undelivered.take()
        return self.accumulator.withLock { $0.transactions?.failure } ?? reason
    }

    private func waitForEnd(
        of number: UInt64, until deadline: MonotonicTime, _ transactions: Transactions
    ) async throws(KafkaError) {
        try await transactions.waiters.waitForEnd(
            of: { self.accumulator.withLock { $0.transactions?.current?.number == number } },
            until: deadline, on: self.loop
        ) { KafkaError(.timedOut, "The transaction's end is not known yet.", isRetriable: true) }
    }

    /// Waits for the end of a commit. If it isn't known in time, the producer can't go on.
    private func end(
        of number: UInt64, until deadline: MonotonicTime, _ transactions: Transactions
    ) async -> Result<TransactionStateMachine.Ended, KafkaError> {
        do throws(KafkaError) {
            try await self.waitForEnd(of: number, until: deadline, transactions)
        } catch {
            let last = self.accumulator.withLock { $0.transactionAttempts.last }
            let fatal = KafkaError(
                .timedOut,
                "Whether the transaction is committed could not be learned within transactionTimeout (\(transactions.timeout)). "
                    + "Make a new producer with the same transactional id: it waits until the transaction has ended. "
                    + (last?.message ?? ""),
                brokerCode: last?.brokerCode, broker: last?.broker, isFatal: true, underlyingError: last)
            self.decide { $0.failTransaction(number, because: fatal) }
        }
        return self.accumulator.withLock { accumulator in
            if let ended = accumulator.transactions?.lastEnded, ended.number == number { return .success(ended) }
            return .failure(accumulator.transactions?.failure ?? .producerClosed)
        }
    }

    /// Lets no transaction begin, waits for the open one for at most `limit`, and aborts it then.
    func finishTransactions(_ transactions: Transactions, within limit: Duration) async {
        let number = self.accumulator.withLock { accumulator in
            accumulator.refusesTransactions = true
            return accumulator.transactions?.current?.number
        }
        transactions.closing()
        guard let number else { return }
        if limit > .zero { try? await self.waitForEnd(of: number, until: self.loop.now + limit, transactions) }
        self.decide { accumulator in
            guard accumulator.transactions?.current?.number == number else { return [] }
            return accumulator.endTransaction(.abort)
        }
        try? await self.waitForEnd(of: number, until: self.loop.now + Self.abortPatience, transactions)
        // Nothing sends requests any longer, so nobody may wait for their answers.
        self.decide { $0.failTransaction(number, because: .producerClosed) }
    }

    // MARK: Versions

    /// The version of transactions that the cluster has enabled, as the coordinator said when it was connected to.
    private func transactionVersion(_ transactions: Transactions) -> TransactionVersion {
        let key = CoordinatorKey(kind: .transaction, name: transactions.id)
        guard let coordinator = self.cluster.knownCoordinator(key),
            let connection = self.cluster.connectionIfOpen(to: coordinator)
        else { return transactions.lastVersion.withLock { $0 } }
        let level = connection.versions.finalizedFeatures["transaction.version"] ?? 0
        let version: TransactionVersion = level >= 2 ? .v2 : .v1
        transactions.lastVersion.withLock { $0 = version }
        return version
    }

    /// The versions of Produce for a transaction. From version 12, brokers add the partitions to it (KIP-890), and version 13 names
    /// topics by their ids.
    func produceVersions(of transaction: TransactionVersion?, hasIDs: Bool) -> ClosedRange<Int16> {
        switch transaction {
        case nil: 3...(hasIDs ? 13 : 12)
        case .v1: 3...11
        case .v2: 12...(hasIDs ? 13 : 12)
        }
    }
}

extension WaiterList {
    /// Waits until a condition that `wakeAll` announces the change of is false.
    fileprivate func waitForEnd(
        of condition: @escaping @Sendable () -> Bool, until deadline: MonotonicTime, on loop: EventLoop,
        orThrow timeout: @escaping @Sendable () -> KafkaError
    ) async throws(KafkaError) {
        while condition() {
            try await self.wait(until: deadline, on: loop, unless: { !condition() }, orThrow: timeout)
        }
    }
}
