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

    /// Raises the event for a batch that is added to a request.
    func noteSent(_ batch: ProducerBatch, to broker: Broker) {
        self.events(
            .batchSent(
                KafkaEvent.BatchSent(
                    topicPartition: batch.topicPartition, broker: broker, records: batch.count,
                    uncompressedBytes: batch.records.byteCount, bytes: batch.records.encodedByteCount,
                    waited: self.loop.now - batch.createdAt)))
    }

    /// Counts the result of a batch, raises its event and logs what is due.
    func noteEnd(_ batch: ProducerBatch, _ result: BatchResult) {
        let timer: MonotonicTime?
        switch result {
        case .split:
            return
        case .stored(let baseOffset, _):
            timer = self.failures.withLock { $0.delivered { self.loop.now } }
            self.events(
                .batchAcknowledged(
                    KafkaEvent.BatchAcknowledged(
                        topicPartition: batch.topicPartition, records: batch.count, baseOffset: baseOffset,
                        duration: self.loop.now - batch.createdAt)))
        case .failed, .recordsRefused:
            guard let error = result.error else { return }
            self.events(
                .batchFailed(
                    KafkaEvent.BatchFailed(
                        topicPartition: batch.topicPartition, records: batch.count, error: error,
                        duration: self.loop.now - batch.createdAt)))
            // The call that runs the transaction throws, so that it needn't be in the log.
            guard error.code != .transactionAborted else { return }
            let now = self.loop.now
            let (notice, next) = self.failures.withLock {
                $0.failed(batch.count, of: batch.topicPartition, error, now: now)
            }
            if let notice { self.say(notice) }
            timer = next
        }
        if let timer { self.scheduleNotice(at: timer) }
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
