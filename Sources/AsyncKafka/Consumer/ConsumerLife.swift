// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Runs the parts of a consumer and closes it.
final class ConsumerLife: Sendable {
    private let core: ConsumerCore
    private let parts: [@Sendable () async -> Void]
    private let handover: PartitionHandover
    private let isStarted = Lock(false)
    /// Fulfilled when closing starts.
    private let closing = Promise<Void>()
    /// Wakes `close` while it waits for the reader.
    private let signal: Signal

    /// - Parameters:
    ///   - parts: the background work, which is cancelled when the consumer has been closed.
    ///   - signal: raised when the reader may have finished.
    init(
        _ core: ConsumerCore, _ parts: [@Sendable () async -> Void], _ handover: PartitionHandover, signal: Signal
    ) {
        self.core = core
        self.parts = parts
        self.handover = handover
        self.signal = signal
    }

    func run(_ consumer: KafkaConsumer) async throws {
        let isFirst = self.isStarted.withLock { isStarted in
            defer { isStarted = true }
            return !isStarted
        }
        guard isFirst else {
            throw KafkaError(.illegalState, "run() was called twice. Make a consumer for each run.")
        }
        // Not a child task, because it must not be cancelled together with `run()`: the consumer leaves its group
        // afterwards. It is awaited below.
        let work = Task { await self.work(consumer) }
        let result = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            self.endWithoutReader()
        }
        try result.get()
    }

    private func work(_ consumer: KafkaConsumer) async -> Result<Void, KafkaError> {
        let core = self.core
        core.cluster.setMetadataObserver { [weak core] in core?.metadataChanged($0) }
        core.cluster.setFailureObserver { [weak core] in core?.clusterFailed($0) }
        var result = Result<Void, KafkaError>.success(())
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: core.loop) { await core.cluster.run() }
            if let telemetry = core.telemetry {
                group.addTask(executorPreference: core.loop) { await telemetry.run(core.telemetryReading) }
            }
            for part in self.parts { group.addTask(executorPreference: core.loop) { await part() } }
            try? await self.closing.value()
            result = await self.close(consumer)
            let schedule = core.state.withLock { $0.phase.schedule }
            await core.telemetry?.close(until: schedule?.end ?? core.loop.now)
            group.cancelAll()
        }
        core.state.withLock { $0.phase = .closed }
        core.wake([.reader, .positions, .positionWaiters])
        core.logger(.info, "The consumer is closed")
        core.loop.shutdown()
        return result
    }

    /// Starts closing: the sequences end, and then `run()` does.
    func end() {
        let schedule = ClosingSchedule(from: self.core.loop.now, within: self.core.configuration.closeTimeout)
        // While the consumer has its partitions.
        if let telemetry = self.core.telemetry { telemetry.noteClosing(self.core.telemetryReading()) }
        self.core.state.withLock { state in
            if state.phase == .open { state.phase = .closing(schedule) }
            state.interruptReader()
        }
        self.closing.fulfill(.success(()))
        self.core.wake([.reader])
    }

    /// Starts closing without waiting for a reader, because there is none left.
    func endWithoutReader() {
        self.core.state.withLock { $0.isReaderGone = true }
        self.end()
        self.core.wake([.closing])
    }

    /// Waits until the reader has given up the partitions, or gives them up itself. Then it leaves the group.
    private func close(_ consumer: KafkaConsumer) async -> Result<Void, KafkaError> {
        let schedule =
            self.core.state.withLock { $0.phase.schedule }
            ?? ClosingSchedule(from: self.core.loop.now, within: self.core.configuration.closeTimeout)
        // A reader gives up the partitions itself, between two elements.
        while true {
            let (hasReader, isReleasing) = self.core.state.withLock { ($0.hasReader, $0.phase.isReleasing) }
            let limit = isReleasing ? schedule.release : schedule.reader
            if !hasReader || self.handover.released.isFulfilled { break }
            guard self.core.loop.now < limit else {
                if !isReleasing { self.warnOfReader() }
                break
            }
            await self.signal.wait(until: limit, on: self.core.loop)
        }
        var result = Result<Void, KafkaError>.success(())
        do throws(KafkaError) {
            try await self.handover.letGo(for: consumer)
        } catch {
            result = .failure(error)
        }
        try? await self.handover.released.value(until: schedule.end, on: self.core.loop) { .cancelled }
        await self.handover.leaveGroup(
            because: "the consumer is closed", self.core.configuration.groupMembershipOnClose, until: schedule.end)
        await self.handover.membership?.departures.finished(until: schedule.end)
        return result
    }

    private func warnOfReader() {
        self.core.logger(
            .warning,
            """
            The consumer is closed while its reader is still at work: it has not asked for the next element, or not \
            returned from a callback, within the reader's part of closeTimeout. What it has in hand is not committed
            """)
    }
}
