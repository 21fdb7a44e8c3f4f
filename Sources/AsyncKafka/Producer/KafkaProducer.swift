// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Writes records to Kafka.
///
/// ```swift
/// try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
///     let stored = try await producer.send(ProducerRecord(topic: "orders", key: "17", value: "paid"))
///     print(stored.offset ?? -1)
/// }
/// ```
///
/// What a method waits for is in its verb: `send` waits for the broker's answer, `enqueue` for room in the buffer,
/// `tryEnqueue` for nothing. A producer may be used by many tasks at once; the records that one task gives it for a
/// partition are stored in the order in which they were given.
///
/// Every record that is accepted ends exactly once: as acknowledged, as failed, or with an unknown outcome
/// (`KafkaError.isOutcomeUnknown`), at the latest after `ProducerConfiguration.deliveryTimeout`. Cancelling a task that waits
/// ends its waiting and nothing else.
///
/// `run()` does the background work; `withProducer` runs it for the time of a closure.
public final class KafkaProducer: Sendable {
    let sender: Sender
    private let loop: EventLoop
    private let shutdown = Promise<Void>()
    private let isStarted = Lock(false)

    /// A producer. Nothing is connected before `run()`.
    ///
    /// Throws `KafkaError.Code.invalidConfiguration` with the reason if settings contradict each other.
    public init(_ configuration: ProducerConfiguration) throws(KafkaError) {
        try configuration.validate()
        do {
            self.loop = try EventLoop(name: "kafka-producer", clock: configuration.cluster.clock)
        } catch {
            throw KafkaError(.connectionFailed, "No event loop could be made: \(error)", underlyingError: error)
        }
        self.sender = try Sender(configuration, loop: self.loop)
    }

    deinit {
        self.sender.giveUpAll(because: .producerClosed)
        self.sender.sayWhatIsLeft()
        self.loop.shutdown()
    }

    // MARK: Writing

    /// Writes a record and waits until it is acknowledged.
    ///
    /// Cancelling the task ends the waiting with `KafkaError.Code.cancelled`; a record that has been accepted by then is
    /// delivered all the same. One that still waited for room is not.
    public func send(_ record: ProducerRecord) async throws(KafkaError) -> RecordMetadata {
        try await self.enqueue(record).metadata
    }

    /// Writes records and waits until all have ended; the results are in the records' order.
    ///
    /// One that fails stops none of the others. Cancelling the task is as for `send` of one.
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

    /// Puts a record into the buffer, waiting for room if there is none, and for what must be known of a topic that is new to
    /// the producer: together `ProducerConfiguration.maxBlock` at most. Tasks that wait for room get it in their order.
    ///
    /// Throws if the record is not accepted; how an accepted one ends, its `Delivery` tells.
    @discardableResult
    @inlinable
    public func enqueue(_ record: ProducerRecord) async throws(KafkaError) -> Delivery {
        // Inlined into the caller, so that a record for which nothing must be waited for costs no asynchronous call.
        if let delivery = try self.appendAtOnce(record) { return delivery }
        return try await self.appendWaiting(record)
    }

    @usableFromInline
    func appendAtOnce(_ record: ProducerRecord) throws(KafkaError) -> Delivery? {
        try self.sender.append(record)
    }

    @usableFromInline
    func appendWaiting(_ record: ProducerRecord) async throws(KafkaError) -> Delivery {
        try await self.sender.enqueue(record)
    }

    /// Puts a record into the buffer if that can be done at once.
    ///
    /// Throws `KafkaError.Code.bufferFull` if there is no room, and a retriable `KafkaError.Code.unknownTopicOrPartition` if
    /// nothing is known yet of the topic: it is asked for, so that a later try succeeds. `partitions(of:)` waits for it.
    @discardableResult
    public func tryEnqueue(_ record: ProducerRecord) throws(KafkaError) -> Delivery {
        if let delivery = try self.sender.append(record) { return delivery }
        return try self.sender.tryEnqueue(record)
    }

    /// Sends what is in the buffer without waiting for more records, and waits until all that was accepted before has ended.
    ///
    /// Throws if records failed, in this flush or since the last one, whose `Delivery` nobody has asked: how many, and why
    /// the first of them.
    public func flush() async throws(KafkaError) {
        try await self.sender.flush()
        if let error = self.sender.undelivered.take() { throw error }
    }

    /// The numbers of a topic's partitions. Waits `ProducerConfiguration.maxBlock` at most.
    public func partitions(of topic: String) async throws(KafkaError) -> [Int32] {
        let deadline = self.loop.now + self.sender.configuration.maxBlock
        let metadata = try await self.sender.topic(topic, deadline: deadline)
        self.sender.learn(metadata)
        return metadata.partitions.map(\.index)
    }

    // MARK: Running

    /// Does the producer's work until `triggerGracefulShutdown()`, or until the task is cancelled. To be called once.
    ///
    /// On a graceful shutdown no more records are accepted, what was accepted is delivered within
    /// `ProducerConfiguration.closeTimeout`, and what is left then fails. On cancellation all that is left fails at once.
    ///
    /// Throws if records failed whose `Delivery` nobody has asked: how many, and why the first of them. Ends by itself with a
    /// `KafkaError` that `isFatal` if the producer can never write again: a new one has to be made then.
    public func run() async throws {
        let isFirst = self.isStarted.withLock { isStarted in
            defer { isStarted = true }
            return !isStarted
        }
        guard isFirst else {
            throw KafkaError(.illegalState, "run() was called twice. Make a producer for each run.")
        }
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: self.loop) { await self.sender.cluster.run() }
            if self.sender.configuration.enableIdempotence {
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
        if let fatal = self.sender.accumulator.withLock({ $0.idempotence.fatalError }) { throw fatal }
        if let error = self.sender.undelivered.take() { throw error }
    }

    /// Ends `run()` once what was accepted is delivered. Returns at once.
    public func triggerGracefulShutdown() {
        self.shutdown.fulfill(.success(()))
    }

    /// Runs a producer for the time of a closure.
    ///
    /// When the closure returns, what it has enqueued is delivered within `ProducerConfiguration.closeTimeout`; if records
    /// failed whose `Delivery` nobody has asked, that is thrown. When the closure throws, what it has enqueued is
    /// delivered just so, since accepted is accepted, and the closure's own error is thrown. When the task is cancelled, records
    /// that are not delivered by then fail at once.
    public static func withProducer<Result>(
        _ configuration: ProducerConfiguration, _ body: (KafkaProducer) async throws -> Result
    ) async throws -> Result {
        let producer = try KafkaProducer(configuration)
        return try await withBackgroundRun({ try await producer.run() }, end: producer.triggerGracefulShutdown) {
            try await body(producer)
        }
    }
}

extension KafkaError {
    static let producerClosed = KafkaError(.closed, "The producer is closed: it takes no more records.")
}
