// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// A producer whose records are written in transactions: those who read committed see all records of a transaction, or none.
///
/// ```swift
/// try await KafkaTransactionalProducer.withProducer(ProducerConfiguration(cluster), transactionalID: "billing-1") { producer in
///     try await producer.withTransaction { transaction in
///         try await transaction.enqueue(ProducerRecord(topic: "invoices", key: "17", value: "paid"))
///         try await transaction.enqueue(ProducerRecord(topic: "letters", key: "17", value: "thank you"))
///     }
/// }
/// ```
///
/// **The transactional id** names the producer across restarts. When a producer starts, the cluster fences earlier ones with the same
/// id and aborts their open transaction, so each instance of a service that runs at the same time needs an id of its own, and keeps
/// it when it is restarted. An id per partition isn't necessary: `process` and `KafkaTransaction.commit` rely on the consumer's group
/// (KIP-447).
///
/// **Errors** say what to do: with `.transactionAborted` and `isRetriable`, run the transaction again; with `isFatal`, make a new
/// producer; `.illegalState`, `.invalidArgument` and `.invalidConfiguration` are mistakes of the program. If `isOutcomeUnknown`, it could
/// not be learned whether the transaction was committed.
///
/// Any task may call the methods. Transactions of several tasks follow one another; within one, many tasks may write at once.
public final class KafkaTransactionalProducer: Sendable {
    let producer: KafkaProducer
    let transactions: Transactions
    private let consumers = ConsumersInTransaction()

    /// The transactions whose closures run on the current task, or have started it, by their producers.
    @TaskLocal private static var open: [ObjectIdentifier: UInt64] = [:]

    /// Creates a producer. It connects when ``KafkaTransactionalProducer/run()`` is called.
    ///
    /// - Parameters:
    ///   - configuration: The settings of the producer.
    ///   - transactionalID: Names the producer across restarts.
    ///   - transactionTimeout: The time after which the cluster aborts an open transaction, at most the brokers'
    ///     `transaction.max.timeout.ms` (15 minutes). Records after an open transaction are held back from those who read committed.
    ///     A record that isn't acknowledged within half of it aborts the transaction, also if `deliveryTimeout` is longer. Default: 60 s.
    /// - Throws: As `KafkaProducer.init`, and `.invalidConfiguration` if the id is empty, the timeout isn't positive, idempotence is
    ///   off, or `acks` isn't `.all`.
    public init(
        _ configuration: ProducerConfiguration, transactionalID: String, transactionTimeout: Duration = .seconds(60)
    ) throws(KafkaError) {
        guard !transactionalID.isEmpty else {
            throw .invalidConfiguration("transactionalID is empty: it names the producer across restarts.")
        }
        guard transactionTimeout >= .milliseconds(1), transactionTimeout.wholeMilliseconds < .max else {
            throw .invalidConfiguration(
                "transactionTimeout must be at least 1 ms and at most 24 days; it is \(transactionTimeout).")
        }
        guard configuration.enableIdempotence else {
            throw .invalidConfiguration(
                "enableIdempotence is false: transactions need it, so that no record is stored twice or out of order.")
        }
        guard configuration.acks == .all else {
            throw .invalidConfiguration(
                "acks is .\(configuration.acks): transactions need .all, so that what is committed is known to be stored."
            )
        }
        self.transactions = Transactions(id: transactionalID, timeout: transactionTimeout)
        self.producer = try KafkaProducer(configuration, transactions: self.transactions)
    }

    private var sender: Sender { self.producer.sender }

    // MARK: Transactions

    /// Runs a closure in a transaction: commits when it returns, and aborts when it throws or the task is cancelled.
    ///
    /// There is one transaction at a time; further calls wait for their turn, for at most `maxBlock`. A call inside of the closure is
    /// refused. When this returns, everything that the closure wrote is committed. Cancelling the task doesn't interrupt a commit
    /// that has begun.
    ///
    /// - Parameters:
    ///   - retrying: How often the closure is run again, after a pause, when the cluster has caused the abort and the same
    ///     transaction may succeed (`.transactionAborted` with `isRetriable`). Default: 0.
    ///   - body: Writes the records, and perhaps commits offsets.
    /// - Throws: The closure's own error, after the abort. `.transactionAborted` if the transaction could not be committed, and nothing
    ///   of it will be seen. `.producerFenced` or another fatal error (`isFatal`) if the producer can't go on; with
    ///   `isOutcomeUnknown`, the transaction may be committed. `.authorizationFailed` or `.timedOut` if no transaction could begin,
    ///   `.illegalState` for a transaction inside of a transaction, `.closed`, or `.cancelled`.
    @discardableResult
    public func withTransaction<Result>(
        retrying: Int = 0, _ body: (KafkaTransaction) async throws -> Result
    ) async throws -> Result {
        guard retrying >= 0 else {
            throw KafkaError(.invalidArgument, "retrying must not be negative; it is \(retrying).")
        }
        var failures = 0
        while true {
            switch try await self.attempt(body) {
            case .committed(let result):
                return result
            case .aborted(let error, let reason):
                if let reason, reason.isFatal, error is KafkaError { throw reason }
                guard let reason, reason.isRetriable, failures < retrying else { throw error }
                failures += 1
                try await self.pause(failures: failures)
            }
        }
    }

    /// The result of one transaction.
    enum Attempt<Result> {
        case committed(Result)
        /// - Parameter reason: why the cluster has aborted it. Nil if the closure has.
        case aborted(any Error, reason: KafkaError?)
    }

    /// Runs a closure in a transaction, once. Throws if none could begin.
    func attempt<Result>(_ body: (KafkaTransaction) async throws -> Result) async throws -> Attempt<Result> {
        let (sender, transactions) = (self.sender, self.transactions)
        if let number = Self.open[ObjectIdentifier(self)], sender.isCurrent(number) {
            throw KafkaError(.illegalState, "A transaction of this producer is open already: it has one at a time.")
        }
        let deadline = sender.loop.now + sender.configuration.maxBlock
        try await transactions.turns.take(until: deadline, on: sender.loop) {
            KafkaError(
                .timedOut,
                "The producer's transaction that is open has not ended within maxBlock (\(sender.configuration.maxBlock)).",
                isRetriable: true)
        }
        defer { transactions.turns.giveBack() }
        let number = try await sender.beginTransaction(transactions)
        let begun = sender.loop.now
        let transaction = KafkaTransaction(
            sender: sender, transactions: transactions, consumers: self.consumers, number: number)
        do {
            let open = Self.open.merging([ObjectIdentifier(self): number]) { $1 }
            let result = try await Self.$open.withValue(open) { try await body(transaction) }
            if Task.isCancelled { throw KafkaError.cancelled }
            let returned = sender.loop.now
            try await sender.commitTransaction(number, transactions)
            self.consumers.move(of: number, after: .commit)
            sender.committed(transactions.id, begun: begun, returned: returned)
            return .committed(result)
        } catch {
            var reason = await sender.abortTransaction(number, transactions) ?? transactions.takeTrouble(of: number)
            if let error = error as? KafkaError, error.code == .transactionAborted || error.isFatal {
                reason = reason ?? error
            }
            self.consumers.move(of: number, after: .abort, isUndecided: reason?.isFatal == true)
            sender.aborted(transactions.id, begun: begun, because: reason)
            return .aborted(error, reason: reason)
        }
    }

    /// Waits before a transaction is tried again.
    func pause(failures: Int) async throws(KafkaError) {
        let cluster = self.sender.cluster
        try await cluster.pause(until: cluster.loop.now + cluster.backoff(failures: failures))
    }

    /// Returns the partition numbers of a topic, as `KafkaProducer.partitions(of:)` does.
    ///
    /// - Throws: As `KafkaProducer.partitions(of:)`.
    public func partitions(of topic: String) async throws(KafkaError) -> [Int32] {
        try await self.producer.partitions(of: topic)
    }

    // MARK: Running

    /// Runs the producer until ``KafkaTransactionalProducer/triggerGracefulShutdown()`` is called or the task is cancelled. Call it only once.
    ///
    /// On a graceful shutdown, no further transaction begins, and the open one has ``ProducerConfiguration/closeTimeout`` to end. What is
    /// open then, or when the task is cancelled, is aborted, which takes 5 s at most.
    ///
    /// - Throws: An error with `isFatal` if the producer can never write again, such as `.producerFenced`. `.illegalState` on a
    ///   second call.
    public func run() async throws {
        try await withGracefulShutdown(self.triggerGracefulShutdown) { try await self.runUntilShutdown() }
    }

    private func runUntilShutdown() async throws {
        // Not a child task, because it must not be cancelled together with this one: it aborts the open transaction first. It is
        // awaited below.
        let work = Task { try await self.producer.runUntilShutdown() }
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            self.producer.triggerShutdown(because: .cancelled)
        }
    }

    /// Ends ``KafkaTransactionalProducer/run()`` once the open transaction has ended. Returns immediately.
    public func triggerGracefulShutdown() { self.producer.triggerGracefulShutdown() }

    /// Runs a producer for the duration of a closure.
    ///
    /// - Throws: As `init`, the closure's error, and the errors of ``KafkaTransactionalProducer/run()``.
    public static func withProducer<Result>(
        _ configuration: ProducerConfiguration, transactionalID: String, transactionTimeout: Duration = .seconds(60),
        _ body: (KafkaTransactionalProducer) async throws -> Result
    ) async throws -> Result {
        let producer = try KafkaTransactionalProducer(
            configuration, transactionalID: transactionalID, transactionTimeout: transactionTimeout)
        return try await withBackgroundRun(
            { try await producer.runUntilShutdown() }, end: producer.triggerGracefulShutdown
        ) {
            try await body(producer)
        }
    }
}
