// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A client that writes records to Kafka.
///
/// ```swift
/// try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
///     let stored = try await producer.send(ProducerRecord(topic: "orders", key: "17", value: "paid"))
///     print(stored.offset ?? -1)
/// }
/// ```
///
/// The methods differ in what they wait for: `send` waits for the broker's acknowledgement, `enqueue` for room in the
/// buffer, and `tryEnqueue` for nothing. Many tasks may use a producer at once. The records that one task passes to it
/// for a partition are stored in that order.
///
/// Every accepted record ends exactly once: acknowledged, failed, or with an unknown outcome
/// (``KafkaError/isOutcomeUnknown``), at the latest after ``ProducerConfiguration/deliveryTimeout``. Cancelling a task only
/// ends its wait.
///
/// ``KafkaProducer/run()`` does the background work. `withProducer` calls it for the duration of a closure.
public final class KafkaProducer: Sendable {
    let sender: Sender
    let loop: EventLoop
    /// Whether each record has a span.
    private let isTraced: Bool
    private let shutdown = Promise<Void>()
    private let isStarted = Lock(false)

    /// Creates a producer. It connects when ``KafkaProducer/run()`` is called.
    ///
    /// - Throws: `.invalidConfiguration` if a setting, certificate or key is invalid or settings contradict each other,
    ///   `.compressionUnavailable` if the build doesn't include the compression, and `.connectionFailed` if the system
    ///   can't create an event loop.
    public convenience init(_ configuration: ProducerConfiguration) throws(KafkaError) {
        try self.init(configuration, transactions: nil)
    }

    init(_ configuration: ProducerConfiguration, transactions: Transactions?) throws(KafkaError) {
        try configuration.validate()
        do {
            self.loop = try EventLoop(name: "kafka-producer", clock: configuration.cluster.clock)
        } catch {
            throw KafkaError(.connectionFailed, "No event loop could be made: \(error)", underlyingError: error)
        }
        self.sender = try Sender(configuration, transactions: transactions, loop: self.loop)
        self.isTraced = configuration.cluster.tracer != nil
    }

    deinit {
        self.sender.giveUpAll(because: .producerClosed)
        self.sender.sayWhatIsLeft()
        self.loop.shutdown()
    }

    // MARK: Writing

    /// Sends a record and waits until it is acknowledged.
    ///
    /// Cancelling the task ends the wait. A record that has been accepted is still delivered, but one that waits for
    /// room in the buffer is not.
    ///
    /// - Throws: The errors of ``KafkaProducer/enqueue(_:)`` if the record is not accepted, and those of ``Delivery/metadata`` if it is
    ///   not delivered.
    public func send(_ record: ProducerRecord) async throws(KafkaError) -> RecordMetadata {
        guard let tracer = self.sender.tracer else { return try await self.enqueue(record).metadata }
        return try await self.sender.tracingSend(of: record, tracer) { record throws(KafkaError) in
            try await self.accept(record).metadata
        }
    }

    /// Sends records and waits until each of them is acknowledged or has failed. Returns the results in the order of
    /// the records.
    ///
    /// A failed record doesn't stop the others. Cancelling the task has the same effect as for a single record.
    public func send(_ records: some Sequence<ProducerRecord>) async -> [Result<RecordMetadata, KafkaError>] {
        var deliveries: [Result<Delivery, KafkaError>] = []
        deliveries.reserveCapacity(records.underestimatedCount)
        for record in records {
            do {
                deliveries.append(.success(try await self.enqueue(record)))
            } catch {
                deliveries.append(.failure(error))
            }
        }
        var results: [Result<RecordMetadata, KafkaError>] = []
        results.reserveCapacity(deliveries.count)
        for delivery in deliveries {
            do {
                results.append(.success(try await delivery.get().metadata))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    /// Puts a record into the buffer. Waits for room if there is none, and for the metadata of a topic that is new to
    /// the producer, for at most ``ProducerConfiguration/maxBlock`` in total.
    ///
    /// Tasks that wait for room get it in the order of their calls, but don't wait for tasks whose broker has used up
    /// its share of the buffer. The returned ``Delivery`` reports whether the record is delivered.
    ///
    /// - Throws: An error if the record is not accepted:
    ///   - `.timedOut` if the buffer has no room within `maxBlock`, or there is no metadata in that time;
    ///   - `.unknownTopicOrPartition`, `.authorizationFailed` or `.invalidArgument` (its name) if the topic can't be
    ///     used;
    ///   - `.recordTooLarge` if the record is larger than ``ProducerConfiguration/maxRequestSize``;
    ///   - `.invalidArgument` if the timestamp, or the partition that a custom partitioner returns, is invalid;
    ///   - `.closed` if the producer is closed, or its fatal error (`isFatal`);
    ///   - `.cancelled` if the task is cancelled;
    ///   - the error of the last attempt to reach the cluster, if it isn't retriable, such as `.authenticationFailed`.
    @discardableResult
    @inlinable
    public func enqueue(_ record: ProducerRecord) async throws(KafkaError) -> Delivery {
        // Inlined into the caller, so that a record that needn't wait costs no asynchronous call.
        if let delivery = try self.appendAtOnce(record) { return delivery }
        return try await self.appendWaiting(record)
    }

    @usableFromInline
    func appendAtOnce(_ record: ProducerRecord) throws(KafkaError) -> Delivery? {
        self.isTraced ? nil : try self.sender.append(record)
    }

    @usableFromInline
    func appendWaiting(_ record: ProducerRecord) async throws(KafkaError) -> Delivery {
        try await self.sender.tracingCreation(of: record, self.accept)
    }

    private func accept(_ record: ProducerRecord) async throws(KafkaError) -> Delivery {
        if let delivery = try self.sender.append(record) { return delivery }
        return try await self.sender.enqueue(record)
    }

    /// Puts a record into the buffer if that is possible without waiting.
    ///
    /// - Throws: `.bufferFull` if there is no room, and `.unknownTopicOrPartition` (retriable) if the topic's metadata
    ///   isn't known yet. In that case the producer requests it, so that a later attempt succeeds, and
    ///   ``KafkaProducer/partitions(of:)`` waits for it. `.recordTooLarge`, `.invalidArgument` and `.closed` as for ``KafkaProducer/enqueue(_:)``.
    @discardableResult
    public func tryEnqueue(_ record: ProducerRecord) throws(KafkaError) -> Delivery {
        guard let tracer = self.sender.tracer else { return try self.tryAccept(record) }
        return try self.sender.tracingAttempt(at: record, tracer, self.tryAccept)
    }

    private func tryAccept(_ record: ProducerRecord) throws(KafkaError) -> Delivery {
        if let delivery = try self.sender.append(record) { return delivery }
        return try self.sender.tryEnqueue(record)
    }

    /// Sends everything in the buffer without waiting for more records, and waits until all records accepted before the
    /// call have ended.
    ///
    /// - Throws: If records have failed since the last flush without a task that awaited their ``Delivery``, the error of
    ///   the first one, with their number in its message. `.cancelled` if the task is cancelled.
    public func flush() async throws(KafkaError) {
        try await self.sender.flush()
        if let error = self.sender.undelivered.take() { throw error }
    }

    /// Returns the partition numbers of a topic. Waits for its metadata for at most ``ProducerConfiguration/maxBlock``.
    ///
    /// - Throws: `.unknownTopicOrPartition` if the topic doesn't exist by then, `.authorizationFailed`,
    ///   `.invalidArgument` if its name is invalid, `.timedOut` or the error of the last attempt if there is no
    ///   metadata in time, `.closed` if the producer is closed, the producer's fatal error (`isFatal`), or `.cancelled`
    ///   if the task is cancelled.
    public func partitions(of topic: String) async throws(KafkaError) -> [Int32] {
        let deadline = self.loop.now + self.sender.configuration.maxBlock
        let metadata = try await self.sender.topic(topic, deadline: deadline)
        self.sender.learn(metadata)
        return metadata.partitions.map(\.index)
    }

    // MARK: Running

    /// Runs the producer until ``KafkaProducer/triggerGracefulShutdown()`` is called or the task is cancelled. Call it only once.
    ///
    /// On a graceful shutdown, the producer accepts no more records, delivers the accepted ones within
    /// ``ProducerConfiguration/closeTimeout``, and fails the rest. On cancellation, all pending records fail immediately.
    ///
    /// - Throws: If records have failed without a task that awaited their ``Delivery``, the error of the first one, with
    ///   their number in its message. An error with `isFatal` if the producer can never write again (then create a new
    ///   one): `.unsupportedVersion` if the cluster has no idempotence, or `.producerFenced`. `.illegalState` on a
    ///   second call.
    public func run() async throws {
        try await withGracefulShutdown(self.triggerGracefulShutdown) { try await self.runUntilShutdown() }
    }

    func runUntilShutdown() async throws {
        let isFirst = self.isStarted.withLock { isStarted in
            defer { isStarted = true }
            return !isStarted
        }
        guard isFirst else {
            throw KafkaError(.illegalState, "run() was called twice. Make a producer for each run.")
        }
        await self.work()
        if let fatal = self.sender.accumulator.withLock({ $0.fatalError }) { throw fatal }
        // What becomes of the records of a transaction is told by the call that runs it.
        if self.sender.transactions == nil, let error = self.sender.undelivered.take() { throw error }
    }

    /// Works until the shutdown, and then delivers what is left.
    private func work() async {
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: self.loop) { await self.sender.cluster.run() }
            if let telemetry = self.sender.telemetry {
                group.addTask(executorPreference: self.loop) { await telemetry.run(self.sender.telemetryReading) }
            }
            if let transactions = self.sender.transactions {
                group.addTask(executorPreference: self.loop) {
                    guard let fatal = await self.sender.sendTransactionRequests(transactions) else { return }
                    self.shutdown.fulfill(.failure(fatal))
                }
            } else if self.sender.configuration.enableIdempotence {
                group.addTask(executorPreference: self.loop) {
                    guard let fatal = await self.sender.provideIdentities() else { return }
                    self.shutdown.fulfill(.failure(fatal))
                }
            }
            do {
                try await self.shutdown.value()
                await self.sender.close(within: self.sender.configuration.closeTimeout)
            } catch {
                await self.sender.close(within: .zero)
            }
            group.cancelAll()
        }
    }

    /// Ends ``KafkaProducer/run()`` once the accepted records are delivered. Returns immediately.
    public func triggerGracefulShutdown() {
        self.shutdown.fulfill(.success(()))
    }

    /// Ends `run()` without delivering the accepted records.
    func triggerShutdown(because error: KafkaError) { self.shutdown.fulfill(.failure(error)) }

    /// Runs a producer for the duration of a closure.
    ///
    /// When the closure returns or throws, the accepted records are delivered within
    /// ``ProducerConfiguration/closeTimeout``. When the task is cancelled, pending records fail immediately.
    ///
    /// - Parameters:
    ///   - configuration: The settings of the producer.
    ///   - body: Uses the producer. Its result is returned.
    /// - Throws: The closure's error. If the closure returns, the errors of ``KafkaProducer/run()``: in particular that of records that
    ///   were not delivered and whose ``Delivery`` no task has awaited.
    public static func withProducer<Result>(
        _ configuration: ProducerConfiguration, _ body: (KafkaProducer) async throws -> Result
    ) async throws -> Result {
        let producer = try KafkaProducer(configuration)
        return try await withBackgroundRun(
            { try await producer.runUntilShutdown() }, end: producer.triggerGracefulShutdown
        ) {
            try await body(producer)
        }
    }
}

extension KafkaError {
    static let producerClosed = KafkaError(.closed, "The producer is closed: it takes no more records.")
}
