// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

extension Sender {
    /// Appends a record if that is possible without waiting. Returns nil otherwise.
    @inline(__always)
    func append(
        _ record: ProducerRecord, in transaction: UInt64 = RecordAccumulator.noTransaction
    ) throws(KafkaError) -> Delivery? {
        let choice: RecordAccumulator.Choice
        if let partition = record.partition {
            choice = .named(partition)
        } else if self.hashesKeys, let key = record.key {
            choice = .hash(UInt32(bitPattern: Murmur2.hash(key) & .max))
        } else {
            choice = .free
        }
        let timestamp = record.timestamp?.millisecondsSince1970 ?? self.loop.clock.coarseWallMilliseconds
        if self.isPartitionerOurs, timestamp >= 0,
            let delivery = self.accumulator.withLock({
                $0.appendToOpenBatch(record, choice: choice, timestamp: timestamp, in: transaction)
            })
        {
            return delivery
        }
        return try self.appendSlowly(record, in: transaction)
    }

    @inline(never)
    private func appendSlowly(_ record: ProducerRecord, in transaction: UInt64) throws(KafkaError) -> Delivery? {
        switch try self.tryAppend(record, in: transaction) {
        case .done(let delivery, let actions):
            self.perform(actions)
            return delivery
        case .full(_, let actions):
            self.perform(actions)
            return nil
        case .unknownTopic, .unknownPartition:
            return nil
        case .tooLarge(let size):
            throw self.tooLarge(record, size)
        case .closed(let error):
            throw error
        }
    }

    private func tryAppend(
        _ record: ProducerRecord, in transaction: UInt64
    ) throws(KafkaError) -> RecordAccumulator.Appended {
        guard let choice = try self.choice(for: record) else { return .unknownTopic }
        let timestamp = try self.timestamp(of: record)
        return self.accumulator.withLock {
            $0.append(record, choice: choice, timestamp: timestamp, in: transaction) { self.loop.now }
        }
    }

    private func timestamp(of record: ProducerRecord) throws(KafkaError) -> Int64 {
        guard let timestamp = record.timestamp else { return self.loop.clock.coarseWallMilliseconds }
        // -1 means "no timestamp" in Kafka. Records that were stored without one are read with it.
        guard timestamp.millisecondsSince1970 >= -1 else {
            throw KafkaError(
                .invalidArgument, "The record's timestamp is before 1970 (\(timestamp)), which Kafka can't store.",
                topic: record.topic)
        }
        return timestamp.millisecondsSince1970
    }

    /// Returns how the record's partition is determined, or nil if a custom partitioner can't be called yet.
    private func choice(for record: ProducerRecord) throws(KafkaError) -> RecordAccumulator.Choice? {
        if let partition = record.partition { return .named(partition) }
        switch self.configuration.partitioner.kind {
        case .standard:
            guard let key = record.key else { return .free }
            return .hash(UInt32(bitPattern: Murmur2.hash(key) & .max))
        case .roundRobin:
            return .free
        case .custom(let partitioner):
            return try self.ask(partitioner, about: record)
        }
    }

    private func ask(
        _ partitioner: any Partitioner, about record: ProducerRecord
    ) throws(KafkaError) -> RecordAccumulator.Choice? {
        guard let count = self.accumulator.withLock({ $0.topics[record.topic]?.partitionCount }) else { return nil }
        let partition = partitioner.partition(for: record, partitionCount: count)
        guard partition >= 0, partition < count else {
            throw KafkaError(
                .invalidArgument,
                "The partitioner chose partition \(partition) of a topic that has partitions 0 to \(count - 1).",
                topic: record.topic)
        }
        return .named(partition)
    }

    private func tooLarge(_ record: ProducerRecord, _ size: Int) -> KafkaError {
        KafkaError(
            .recordTooLarge,
            "The record takes up to \(size) bytes, more than maxRequestSize (\(self.configuration.maxRequestSize)). Make it "
                + "smaller, or raise maxRequestSize and the brokers' message.max.bytes.",
            topic: record.topic, partition: record.partition)
    }

    // MARK: Waiting

    /// Appends a record. Waits for the metadata of its topic and for room.
    func enqueue(
        _ record: ProducerRecord, in transaction: UInt64 = RecordAccumulator.noTransaction
    ) async throws(KafkaError) -> Delivery {
        let deadline = self.loop.now + self.configuration.maxBlock
        // Whether this task was woken to take room and has not tried yet. It never does if a partitioner throws.
        var isOffered = false
        defer { if isOffered { self.passRoomOn() } }
        var hasAskedForPartition = false
        while true {
            guard let choice = try self.choice(for: record) else {
                self.learn(try await self.topic(record.topic, deadline: deadline))
                continue
            }
            let timestamp = try self.timestamp(of: record)
            let promise = Promise<Void>()
            let wasOffered = isOffered
            isOffered = false
            // Checked here, because a promise that is fulfilled immediately reports neither cancellation nor the
            // deadline.
            let isOver = Task.isCancelled || deadline <= self.loop.now
            let appended = self.accumulator.withLock { accumulator in
                let appended = accumulator.append(
                    record, choice: choice, timestamp: timestamp, in: transaction, isOffered: wasOffered
                ) { self.loop.now }
                if !isOver, case .full(let shortage, _) = appended {
                    accumulator.waitForRoom(promise, for: shortage, isFirst: wasOffered)
                }
                return appended
            }
            if wasOffered { self.passRoomOn() }
            switch appended {
            case .done(let delivery, let actions):
                self.perform(actions)
                return delivery
            case .full(_, let actions):
                self.perform(actions)
                if isOver { throw Task.isCancelled ? .cancelled : self.noRoomError() }
                do throws(KafkaError) {
                    try await promise.value(until: deadline, on: self.loop) { self.noRoomError() }
                } catch {
                    self.decide { $0.stopWaitingForRoom(promise) }
                    throw error
                }
                isOffered = true
            case .unknownTopic:
                self.learn(try await self.topic(record.topic, deadline: deadline))
            case .unknownPartition(let count):
                guard !hasAskedForPartition, let partition = record.partition, partition >= 0 else {
                    throw self.unknownPartition(record, count)
                }
                // The partition may have been added recently, or metadata may have forgotten the topic.
                hasAskedForPartition = true
                _ = self.cluster.topicIfKnown(record.topic)
                _ = try await self.cluster.refreshedMetadata(deadline: deadline)
                if let topic = self.cluster.topicIfKnown(record.topic) { self.learn(topic) }
            case .tooLarge(let size):
                throw self.tooLarge(record, size)
            case .closed(let error):
                throw error
            }
        }
    }

    /// Returns the metadata of a topic. If the producer has failed permanently, throws that error instead of the one
    /// about waiting.
    func topic(_ name: String, deadline: MonotonicTime) async throws(KafkaError) -> TopicMetadata {
        do throws(KafkaError) {
            return try await self.cluster.topic(name, deadline: deadline)
        } catch {
            throw self.accumulator.withLock { $0.fatalError } ?? error
        }
    }

    private func passRoomOn() {
        self.decide { $0.offerRoomAgain() }
    }

    /// An error that names the brokers whose records fill the buffer, but not the record that found no room.
    private func noRoomError() -> KafkaError {
        let now = self.loop.now
        let reason = self.accumulator.withLock { $0.fullBufferDescription + $0.fullBufferCause(now: now) }
        return KafkaError(
            .timedOut,
            "No room in the producer's buffer within maxBlock (\(self.configuration.maxBlock)): the brokers are slower than the "
                + "records come, or can't be reached.\(reason)",
            isRetriable: true)
    }

    private func unknownPartition(_ record: ProducerRecord, _ count: Int) -> KafkaError {
        KafkaError(
            .unknownTopicOrPartition,
            "The topic has partitions 0 to \(count - 1), and the record is for \(record.partition ?? -1).",
            topic: record.topic, partition: record.partition)
    }

    /// Appends a record without waiting, after the fast path has failed.
    func tryEnqueue(_ record: ProducerRecord) throws(KafkaError) -> Delivery {
        let isKnown = self.accumulator.withLock { $0.topics[record.topic] != nil }
        if !isKnown {
            guard let topic = self.cluster.topicIfKnown(record.topic) else {
                throw KafkaError(
                    .unknownTopicOrPartition,
                    "Nothing is known yet of the topic. The brokers are being asked: try again, or wait for "
                        + "partitions(of:) first.", topic: record.topic, isRetriable: true)
            }
            self.learn(topic)
        }
        let appended = try self.tryAppend(record, in: RecordAccumulator.noTransaction)
        switch appended {
        case .done(let delivery, let actions):
            self.perform(actions)
            return delivery
        case .full(_, let actions):
            self.perform(actions)
            throw KafkaError(
                .bufferFull,
                "The producer's buffer has no room for the record. Try again later, or use enqueue, which waits."
                    + self.accumulator.withLock { $0.fullBufferDescription }, isRetriable: true)
        case .unknownTopic:
            throw KafkaError(.unknownTopicOrPartition, "Nothing is known of the topic.", topic: record.topic)
        case .unknownPartition(let count):
            _ = self.cluster.topicIfKnown(record.topic)
            self.cluster.requestMetadataUpdate("a record is for an unknown partition")
            throw self.unknownPartition(record, count)
        case .tooLarge(let size):
            throw self.tooLarge(record, size)
        case .closed(let error):
            throw error
        }
    }
}
