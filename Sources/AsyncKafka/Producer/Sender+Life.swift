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

    /// Gets the producer's identity when one is needed, the first time at once: from one broker after the other. Until the task
    /// is cancelled, or something fatal is returned.
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
                // The producer ends, perhaps before it ever was connected.
                if Task.isCancelled || (error.code == .closed && !error.isRetriable) { return nil }
                if let broker { refusing.moveToEnd(broker) }
                if let fatal = self.identityFailed(error, since: begin, &report) { return fatal }
                let failures = self.accumulator.withLock { $0.idempotence.failedAttempts.count }
                try? await self.cluster.pause(until: self.loop.now + self.cluster.backoff(failures: failures))
            }
        }
        return nil
    }

    /// A broker gave no identity. Returns the error if none ever will.
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

    /// Sends all that was accepted and waits for its end. Throws only `.cancelled`.
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

    /// Takes no more records, and fails the tasks that wait to bring some.
    private func refuseRecords(_ error: KafkaError) {
        let waiters = self.accumulator.withLock { $0.close(error) }
        for waiter in waiters { waiter.fulfill(.failure(error)) }
    }

    /// Takes no more records, delivers what was accepted within a limit, and gives up the rest.
    func close(within limit: Duration) async {
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
            // Cut short by cancellation.
            try? await self.flush()
            timer.cancel()
            if self.configuration.acks == .none {
                await self.cluster.finishUnanswered(within: deadline - self.loop.now)
            }
        }
        self.giveUpAll(because: KafkaError(.closed, "The producer was closed before the record was acknowledged."))
        self.sayWhatIsLeft()
    }

    func giveUpAll(because error: KafkaError) {
        self.decide { $0.giveUpAll(because: error) }
    }
}
