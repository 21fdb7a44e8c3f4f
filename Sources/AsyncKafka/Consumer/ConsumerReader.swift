// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport
import Synchronization

/// Delivers batches to the task that reads. The steps of a rebalance run on that task, too, between two elements.
final class ConsumerReader: Sendable {
    /// How a reader receives records.
    enum Mode: Sendable {
        /// Whole batches.
        case batches
        /// Single records. Asking for the next record means that the last one is processed.
        case records
        /// Single records that are collected into an array.
        case collected
    }

    /// A batch that was delivered to the reader.
    struct Reading: Sendable {
        let batch: ConsumerRecordBatch
        /// The progress of a reader of single records.
        let progress: ReadingProgress?

        func advance(to offset: Int64, isLast: Bool) {
            self.progress?.current.store(offset, ordering: .relaxed)
            if isLast { self.progress?.isAtEnd.store(true, ordering: .relaxed) }
        }

        /// Marks the end of the batch, whose last records compaction may have removed. Does not pass records that could
        /// not be parsed. Does nothing if the reader was interrupted, because it hasn't reached the end then.
        func finish() {
            guard let progress = self.progress, !progress.isInterrupted.load(ordering: .relaxed) else { return }
            let storage = self.batch.storage
            self.advance(to: storage.failureOffset.map { $0 - 1 } ?? storage.lastOffset, isLast: false)
        }
    }

    private let core: ConsumerCore
    private let handover: PartitionHandover
    /// Wakes the task that reads.
    private let signal: Signal

    init(_ core: ConsumerCore, _ handover: PartitionHandover, signal: Signal) {
        self.core = core
        self.handover = handover
        self.signal = signal
    }

    /// Returns the next batch, or nil at the end of the sequence.
    ///
    /// - Parameter isOver: whether the reader can't use a further batch, so that it waits for none. Its change must wake the reader.
    func next(
        _ mode: Mode, for consumer: KafkaConsumer, unless isOver: () -> Bool = { false }
    ) async throws(KafkaError) -> Reading? {
        try self.come()
        defer { self.go(hasArray: false) }
        return try await self.take(mode, for: consumer, unless: isOver)
    }

    /// Notes that the reader asks for more, having processed what it received before. Throws if it can't get more.
    private func come() throws(KafkaError) {
        let now = self.core.loop.now
        let (failure, isClosing) = self.core.state.withLock { ($0.readerComes(now: now), $0.phase != .open) }
        guard let failure else { return }
        if isClosing { self.core.wake([.closing]) }
        throw failure
    }

    private func go(hasArray: Bool) {
        let now = self.core.loop.now
        let isClosing = self.core.state.withLock { state in
            state.readerGoes(now: now, hasArray: hasArray)
            return state.phase != .open
        }
        if isClosing { self.core.wake([.closing]) }
    }

    /// Returns the next batch, or nil at the end of the sequence or at the deadline.
    ///
    /// The listener is called and batches are verified and decompressed here, on the task that reads.
    private func take(
        _ mode: Mode, for consumer: KafkaConsumer, until deadline: MonotonicTime? = nil, waits: Bool = true,
        unless isOver: () -> Bool = { false }
    ) async throws(KafkaError) -> Reading? {
        while true {
            if Task.isCancelled { throw .cancelled }
            let now = self.core.loop.now
            let (task, wakening) = self.core.state.withLock { $0.nextForReader(now: now) }
            self.core.wake(wakening)
            switch task {
            case .batch(let taken):
                if let reading = try self.open(taken, mode) { return reading }
            case .step(let step):
                try await self.handover.perform(step, for: consumer)
            case .failure(let failure):
                throw failure
            case .end:
                try await self.handover.letGo(for: consumer)
                return nil
            case .wait:
                guard waits, !isOver() else { return nil }
                if let deadline, self.core.loop.now >= deadline { return nil }
                await self.signal.wait(until: deadline, on: self.core.loop)
            }
        }
    }

    /// Verifies and decompresses a batch and hands it to the reader. Returns nil if the batch has no records to
    /// deliver.
    private func open(_ taken: TakenBatch, _ mode: Mode) throws(KafkaError) -> Reading? {
        let storage: RecordBatchStorage
        do {
            if self.core.configuration.checkCRCs { try taken.batch.validateChecksum() }
            storage = try RecordBatchStorage(
                taken.batch,
                records: taken.batch.records(decompressionLimit: self.core.configuration.maxDecompressedBatchBytes),
                of: taken.partition, topicID: taken.topicID, from: taken.start.offset)
        } catch {
            self.core.state.withLock { $0.subscriptions.refuse(taken) }
            self.core.wake([.fetchers])
            throw KafkaError(error, taken.partition, nextOffset: taken.batch.nextOffset)
        }
        guard storage.count > 0 else {
            self.core.state.withLock { $0.subscriptions.pass(taken) }
            return nil
        }
        let progress =
            mode == .batches ? nil : ReadingProgress(current: storage.start - 1, isCollected: mode == .collected)
        let isInHand = self.core.state.withLock {
            $0.handOut(taken, progress: progress, storage: storage, now: self.core.loop.now)
        }
        guard isInHand else { return nil }
        self.core.events(
            .batchDelivered(
                KafkaEvent.BatchDelivered(
                    topicPartition: taken.partition, records: storage.count, bytes: taken.batch.bytes.count,
                    baseOffset: storage.start)))
        return Reading(batch: ConsumerRecordBatch(storage: storage), progress: progress)
    }

    /// Returns a further batch to a reader that has not finished with others yet. Returns nil at the deadline, or if there is none and
    /// no deadline, and also if a rebalance, an error or the end comes first.
    func nextBesideOthers(
        until deadline: MonotonicTime?, for consumer: KafkaConsumer, unless isOver: () -> Bool
    ) async throws(KafkaError) -> Reading? {
        do throws(KafkaError) {
            try self.come()
            defer { self.go(hasArray: false) }
            self.core.state.withLock { $0.readerAdds(now: self.core.loop.now) }
            while true {
                let now = self.core.loop.now
                if let deadline, now >= deadline { return nil }
                if let next = try await self.take(.batches, for: consumer, waits: false) { return next }
                guard deadline != nil, !isOver(), !self.core.state.withLock({ $0.hasOtherTask(now: now) }) else {
                    return nil
                }
                await self.signal.wait(until: deadline, on: self.core.loop)
            }
        } catch {
            if error.code == .cancelled { throw error }
            // `next` throws it, when the reader has finished with the others.
            self.core.state.withLock { $0.report(error) }
            return nil
        }
    }

    /// Returns up to `maximum` records. Waits for the first one, and adds others only if they are already available.
    func collect(
        _ maximum: Int, until deadline: MonotonicTime, for consumer: KafkaConsumer
    ) async throws(KafkaError) -> [ConsumerRecord] {
        try self.come()
        var records: [ConsumerRecord] = []
        defer { self.go(hasArray: !records.isEmpty) }
        while records.count < maximum {
            // After the first records, only what is available without waiting is added.
            let next: Reading?
            do throws(KafkaError) {
                next = try await self.take(.collected, for: consumer, until: deadline, waits: records.isEmpty)
            } catch {
                // The position is already after the collected records, so they must not be lost with the error. The
                // next call throws it.
                if records.isEmpty { throw error }
                self.core.state.withLock { $0.report(error) }
                break
            }
            guard let reading = next else { break }
            self.core.state.withLock { $0.readerAdds(now: self.core.loop.now) }
            var iterator = reading.batch.makeIterator()
            while records.count < maximum, let record = iterator.next() {
                reading.advance(to: record.offset, isLast: iterator.isAtEnd)
                records.append(record)
            }
            // A record that can't be parsed is reported when the reader asks again.
            if reading.batch.storage.failureOffset != nil { break }
            if records.count < maximum { reading.finish() }
        }
        return records
    }
}
