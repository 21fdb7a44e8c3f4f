// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension Sender {
    /// Logs what the accumulator reports, or raises an event for it.
    func report(_ action: RecordAccumulator.Action) {
        switch action {
        case .reportUnreachable(let broker, let count, let error):
            self.logger(
                .warning, "Records can't be sent to a broker; trying again",
                [(.broker, "\(broker)"), (.count, "\(count)"), (.error, error.description)])
        case .reportReachable(let broker):
            self.logger(.info, "Records can be sent to a broker again", [(.broker, "\(broker)")])
        case .reportSmallerBatches(let topic, let size):
            self.logger(
                .info, "The topic takes no batches as large as batchSize: they are split, and the next ones smaller",
                [(.topic, topic), (.size, "\(size)")])
        case .reportBuffer(isFull: true, let free):
            self.events(.bufferFull(KafkaEvent.BufferFull(freeBytes: free)))
        case .reportBuffer(isFull: false, let free):
            self.events(.bufferFree(KafkaEvent.BufferFree(freeBytes: free)))
        default:
            break
        }
    }

    /// Counts a batch that is added to a request, and raises its event.
    func noteSent(_ batch: ProducerBatch, to broker: Broker) {
        let now = self.loop.now
        let isRetry = batch.isCountedAsSent
        batch.isCountedAsSent = true
        let (records, bytes) = (batch.count, batch.records.encodedByteCount)
        let uncompressedBytes = batch.records.byteCount
        let waited = now - batch.createdAt
        self.tally.withLock {
            $0.sent(
                records: records, bytes: bytes, uncompressedBytes: uncompressedBytes, after: waited, isRetry: isRetry,
                now: now)
        }
        self.events(
            .batchSent(
                KafkaEvent.BatchSent(
                    topicPartition: batch.topicPartition, broker: broker, records: records,
                    uncompressedBytes: uncompressedBytes, bytes: bytes, waited: waited)))
    }

    /// Counts the result of a batch, raises its event and logs what is due.
    func noteEnd(_ batch: ProducerBatch, _ result: BatchResult) {
        let timer: MonotonicTime?
        let now = self.loop.now
        switch result {
        case .split:
            return
        case .stored(let baseOffset, _):
            let age = now - batch.createdAt
            self.tally.withLock { $0.stored(records: batch.count, after: age, now: now) }
            timer = self.failures.withLock { $0.delivered { now } }
            self.events(
                .batchAcknowledged(
                    KafkaEvent.BatchAcknowledged(
                        topicPartition: batch.topicPartition, records: batch.count, baseOffset: baseOffset,
                        duration: age)))
        case .failed, .recordsRefused:
            guard let error = result.error else { return }
            self.tally.withLock { $0.failed(records: batch.count, now: now) }
            self.events(
                .batchFailed(
                    KafkaEvent.BatchFailed(
                        topicPartition: batch.topicPartition, records: batch.count, error: error,
                        duration: now - batch.createdAt)))
            // The call that runs the transaction throws, so that it needn't be in the log.
            guard error.code != .transactionAborted else { return }
            let (notice, next) = self.failures.withLock {
                $0.failed(batch.count, of: batch.topicPartition, error, now: now)
            }
            if let notice { self.say(notice) }
            timer = next
        }
        if let timer { self.scheduleNotice(at: timer) }
    }

    /// Counts a committed transaction, and raises its event.
    func committed(_ transactionalID: String, begun: MonotonicTime, returned: MonotonicTime) {
        let now = self.loop.now
        self.tally.withLock { $0.transactionEnded(isCommitted: true, after: now - begun, now: now) }
        self.events(
            .transactionCommitted(
                KafkaEvent.TransactionCommitted(
                    transactionalID: transactionalID, duration: now - begun, commitDuration: now - returned)))
    }

    /// Counts a transaction that was aborted, or whose outcome is unknown, and raises its event.
    func aborted(_ transactionalID: String, begun: MonotonicTime, because cause: KafkaError?) {
        let now = self.loop.now
        self.tally.withLock { $0.transactionEnded(isCommitted: false, after: now - begun, now: now) }
        self.events(
            .transactionAborted(
                KafkaEvent.TransactionAborted(
                    transactionalID: transactionalID, cause: cause, duration: now - begun)))
    }

    private func scheduleNotice(at time: MonotonicTime) {
        _ = self.loop.schedule(at: time) { [weak self] in
            guard let self else { return }
            let now = self.loop.now
            let (notice, next) = self.failures.withLock { $0.timerEnded(now: now) }
            if let notice { self.say(notice) }
            if let next { self.scheduleNotice(at: next) }
        }
    }

    /// Logs the failures that were not logged yet, because no timer will do so.
    func sayWhatIsLeft() {
        if let notice = self.failures.withLock({ $0.takeMore() }) { self.say(notice) }
    }

    private func say(_ notice: FailureNotices.Notice) {
        switch notice {
        case .began(let topic, let partition, let count, let error):
            self.logger(
                .error, "Records were not delivered",
                [
                    (.topic, topic), (.partition, "\(partition)"), (.count, "\(count)"), (.error, error.description),
                ])
        case .more(let count, let topics, let error):
            self.logger(
                .error, "More records were not delivered; the last for this reason",
                [(.topic, topics), (.count, "\(count)"), (.error, error.description)])
        case .over(let count):
            self.logger(.info, "Records are delivered again; so many were not", [(.count, "\(count)")])
        }
    }
}
