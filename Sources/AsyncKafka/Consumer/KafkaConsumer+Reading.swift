// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport
import Synchronization

extension KafkaConsumer {
    /// The records, batch by batch: the fast way to read. One batch has records of one partition, as they were stored.
    ///
    /// The sequence ends when the consumer is shut down gracefully, and throws `KafkaError`. It can be begun again, also
    /// after an error: reading goes on where it stopped.
    public var batches: Batches { Batches(consumer: self) }

    /// The records, one by one. While records of a batch are left, the next one is there at once.
    ///
    /// Whether the group may have given this member up, after the process or the machine stood still, is looked at once a
    /// batch: a few more records of the batch in hand may come before `partitionsLost`. `batches` hands out none.
    ///
    /// The sequence ends when the consumer is shut down gracefully, and throws `KafkaError`. It can be begun again, also
    /// after an error: reading goes on where it stopped.
    public var records: Records { Records(consumer: self) }

    /// Up to `maximum` records: waits until there is one, or `timeout` is over, and takes what is there by then.
    ///
    /// As with the sequences, calling it says that you are done with what the last call returned: until then that is not
    /// committed by itself, and a graceful shutdown waits for it. An empty array means that nothing came in time, or that the
    /// consumer is being shut down.
    ///
    /// - Throws: `.closed` when the consumer has been shut down; otherwise what the sequences throw.
    public func poll(max maximum: Int = 500, timeout: Duration) async throws(KafkaError) -> [ConsumerRecord] {
        guard maximum > 0 else {
            throw KafkaError(.invalidArgument, "poll needs a maximum of at least one record.")
        }
        if let error = self.state.withLock({ $0.phase == .closed ? $0.isClosedError : nil }) { throw error }
        let deadline = self.loop.now + timeout
        var records: [ConsumerRecord] = []
        var isAsking = true
        while records.count < maximum {
            // Once there is something, only what can be had without waiting is added.
            let next: Reading?
            do throws(KafkaError) {
                next = try await self.nextBatch(
                    .collected, isAsking: isAsking, until: records.isEmpty ? deadline : nil,
                    waits: records.isEmpty)
            } catch {
                // The position has passed what is in hand: it must not go down with the error, which the next call tells.
                if records.isEmpty { throw error }
                self.state.withLock { $0.report(error) }
                break
            }
            guard let reading = next else { break }
            isAsking = false
            var iterator = reading.batch.makeIterator()
            while records.count < maximum, let record = iterator.next() {
                reading.advance(to: record.offset, isLast: iterator.isAtEnd)
                records.append(record)
            }
            // What can't be read is told when the reader asks again.
            if reading.batch.storage.failureOffset != nil { break }
            if records.count < maximum { reading.finish() }
        }
        if !records.isEmpty { self.state.withLock { $0.isCollecting = true } }
        return records
    }

    /// How a reader takes records.
    enum ReadingMode: Sendable {
        /// A batch as a whole.
        case batches
        /// One after the other: who asks for the next is done with the one before.
        case records
        /// One after the other into an array.
        case collected
    }

    /// A batch that was given to the reader.
    struct Reading: Sendable {
        let batch: ConsumerRecordBatch
        /// For readers of single records.
        let progress: ReadingProgress?

        func advance(to offset: Int64, isLast: Bool) {
            self.progress?.current.store(offset, ordering: .relaxed)
            if isLast { self.progress?.isAtEnd.store(true, ordering: .relaxed) }
        }

        /// There are no more records in the batch: compaction may have removed its last ones. What could not be read is
        /// not passed over. Does nothing if the reader was interrupted: then it is not at the end.
        func finish() {
            guard let progress = self.progress, !progress.isInterrupted.load(ordering: .relaxed) else { return }
            let storage = self.batch.storage
            self.advance(to: storage.failureOffset.map { $0 - 1 } ?? storage.lastOffset, isLast: false)
        }
    }

    /// The next batch for the reader; nil at the end, or at the deadline.
    ///
    /// Here the listener is called, and here batches are checked and decompressed: on the task that reads.
    ///
    /// - Parameter isAsking: whether the reader is done with what it has had.
    func nextBatch(
        _ mode: ReadingMode, isAsking: Bool = true, until deadline: MonotonicTime? = nil, waits: Bool = true
    ) async throws(KafkaError) -> Reading? {
        let failure: KafkaError? = self.state.withLock { state in
            if state.isReading {
                return KafkaError(.illegalState, "Two tasks read from one consumer at the same time.")
            }
            if isAsking, let failure = state.readerAsked() {
                state.busySince = self.loop.now
                return failure
            }
            state.isReading = true
            return nil
        }
        if let failure { throw failure }
        defer {
            let isClosing = self.state.withLock { state in
                state.isReading = false
                state.busySince = self.loop.now
                return state.phase != .open
            }
            if isClosing { self.closeSignal.notify() }
        }
        while true {
            if Task.isCancelled { throw .cancelled }
            let now = self.loop.now
            let (task, wakening) = self.state.withLock {
                $0.nextForReader(holdsRecords: !isAsking, now: now)
            }
            self.wake(wakening)
            switch task {
            case .batch(let taken):
                if let reading = try self.open(taken, mode) { return reading }
            case .step(let step):
                try await self.perform(step)
            case .failure(let failure):
                throw failure
            case .end:
                try await self.letGo()
                return nil
            case .wait:
                guard waits else { return nil }
                if let deadline, self.loop.now >= deadline { return nil }
                await self.readerSignal.wait(until: deadline, on: self.loop)
            }
        }
    }

    /// Checks and decompresses a batch and gives it into the reader's hand. Nil if there is nothing in it after all.
    private func open(_ taken: TakenBatch, _ mode: ReadingMode) throws(KafkaError) -> Reading? {
        let storage: RecordBatchStorage
        do {
            if self.configuration.checkCRCs { try taken.batch.validateChecksum() }
            storage = try RecordBatchStorage(
                taken.batch,
                records: taken.batch.records(decompressionLimit: self.configuration.maxDecompressedBatchBytes),
                of: taken.partition, topicID: taken.topicID, from: taken.start.offset)
        } catch {
            self.state.withLock { $0.subscriptions.refuse(taken) }
            self.wake([.fetchers])
            throw KafkaError(error, taken.partition, nextOffset: taken.batch.nextOffset)
        }
        guard storage.count > 0 else {
            self.state.withLock { $0.subscriptions.pass(taken) }
            return nil
        }
        let progress =
            mode == .batches ? nil : ReadingProgress(current: storage.start - 1, isCollected: mode == .collected)
        let isInHand = self.state.withLock {
            $0.handOut(taken, progress: progress, storage: storage, now: self.loop.now)
        }
        return isInHand ? Reading(batch: ConsumerRecordBatch(storage: storage), progress: progress) : nil
    }
}
