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
    // MARK: The producer's identity

    /// Obtains the producer's identity immediately and whenever another one is needed, trying one broker after the
    /// other. Returns when the task is cancelled, or with a fatal error.
    func provideIdentities() async -> KafkaError? {
        _ = self.accumulator.withLock { $0.idempotence.identityNeeded() }
        var report = FailureReport(patience: .seconds(5))
        var refusing: [KafkaServer] = []
        while !Task.isCancelled {
            guard case .requesting = self.accumulator.withLock({ $0.idempotence.state }) else {
                await self.identityWanted.wait(on: self.loop)
                continue
            }
            let begin = self.loop.now
            let (broker, result) = await self.cluster.attempt(
                InitProducerIDCall(), avoiding: refusing, deadline: begin + self.configuration.cluster.requestTimeout)
            switch result {
            case .success(let identity):
                refusing = []
                self.decide { $0.received(identity) }
                if report.succeeded() { self.logger(.info, "The producer has an id now, and can write") }
            case .failure(let error):
                // The producer is closing, perhaps before it was ever connected.
                if Task.isCancelled || (error.code == .closed && !error.isRetriable) { return nil }
                if let broker { refusing.moveToEnd(broker) }
                if let fatal = self.identityFailed(error, since: begin, &report) { return fatal }
                let failures = self.accumulator.withLock { $0.idempotence.failedAttempts.count }
                try? await self.cluster.pause(until: self.loop.now + self.cluster.backoff(failures: failures))
            }
        }
        return nil
    }

    /// Handles a failed request for an identity. Returns the error if it is fatal.
    private func identityFailed(
        _ error: KafkaError, since begin: MonotonicTime, _ report: inout FailureReport
    ) -> KafkaError? {
        let now = self.loop.now
        var isRefused = false
        switch self.accumulator.withLock({ $0.idempotence.requestFailed(error, now: now) }) {
        case .retry:
            break
        case .refused:
            isRefused = true
            self.decide { $0.identityRefused(error) }
        case .fatal(let error):
            self.logger(.error, "The producer can't go on", [(.error, error.description)])
            self.refuseRecords(error)
            self.giveUpAll(because: error)
            return error
        }
        if let count = report.failed(now: now, since: begin, isUrgent: isRefused) {
            self.logger(
                .warning, "The producer gets no id, and can't write until it has one; asking again",
                [(.count, "\(count)"), (.error, error.description)])
        }
        return nil
    }

    // MARK: Flushing and closing

    /// Sends all accepted records and waits until they have ended. Throws only `.cancelled`.
    func flush() async throws(KafkaError) {
        var actions: [RecordAccumulator.Action] = []
        let batches = self.accumulator.withLock { $0.flush(&actions) }
        self.perform(actions)
        try await self.waitForEnd(of: batches)
    }

    private func waitForEnd(of batches: [ProducerBatch]) async throws(KafkaError) {
        var rest = batches
        while let batch = rest.popLast() {
            if case .split(let parts) = try await batch.outcome.wait(for: .end) { rest += parts.map(\.batch) }
        }
    }

    /// Closes the producer for new records, and fails the tasks that wait for room.
    private func refuseRecords(_ error: KafkaError) {
        let waiters = self.accumulator.withLock { $0.close(error) }
        for waiter in waiters { waiter.fulfill(.failure(error)) }
    }

    /// Closes the producer for new records, delivers the accepted ones within a limit, and gives up the rest. The metrics are pushed once
    /// more behind the records, while there are connections.
    func close(within limit: Duration) async {
        if let transactions { await self.finishTransactions(transactions, within: limit) }
        self.refuseRecords(.producerClosed)
        if limit > .zero {
            let deadline = self.loop.now + limit
            let timer = self.loop.schedule(after: limit) { [weak self] in
                guard let self else { return }
                let error = KafkaError(
                    .closed,
                    "The producer was closed, and the record not acknowledged within closeTimeout "
                        + "(\(self.configuration.closeTimeout)).")
                let now = self.loop.now
                self.decide { $0.giveUpAll(because: error, now: now) }
            }
            // Ends early if the task is cancelled.
            try? await self.flush()
            timer.cancel()
            if self.configuration.acks == .none {
                // The records may not be read yet, which is more important than the metrics.
                await self.telemetry?.close(until: self.loop.now + (deadline - self.loop.now) / 2)
                await self.cluster.finishUnanswered(within: deadline - self.loop.now)
            } else {
                await self.telemetry?.close(until: deadline)
            }
        }
        self.giveUpAll(because: KafkaError(.closed, "The producer was closed before the record was acknowledged."))
        self.sayWhatIsLeft()
    }

    func giveUpAll(because error: KafkaError) {
        self.decide { $0.giveUpAll(because: error) }
    }
}
