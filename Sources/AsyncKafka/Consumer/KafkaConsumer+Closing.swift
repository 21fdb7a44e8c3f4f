// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// How the partitions are given up for good: by the reader at the end of its sequence, by `run()`, or by `unsubscribe()`.
extension KafkaConsumer {
    /// Gives everything up, once: by the reader when its sequence ends, or else by `run()`.
    func letGo() async throws(KafkaError) {
        let now = self.loop.now
        let (step, schedule): (RebalanceStep??, ClosingSchedule) = self.state.withLock { state in
            let schedule =
                state.closingSchedule ?? ClosingSchedule(from: now, within: self.configuration.closeTimeout)
            if state.isLettingGo { return (nil, schedule) }
            state.isLettingGo = true
            let step = state.membership?.prepareToLeave()
            return (.some(state.takeOwedStep() ?? step), schedule)
        }
        guard let step else { return }
        let failure = await self.giveUp(step, until: schedule.release)
        if let failure {
            self.released.fulfill(.failure(failure))
            throw failure
        }
        self.released.fulfill(.success(()))
    }

    /// Commits, tells the listener, and forgets the partitions.
    func giveUp(_ step: RebalanceStep?, until deadline: MonotonicTime) async -> KafkaError? {
        var failure: KafkaError?
        switch step {
        case .revoke(let partitions):
            self.logger(.info, "Partitions are revoked", [(.partitions, partitions.names)])
            self.state.withLock { $0.subscriptions.beginRevoking(partitions) }
            await self.commitAtLast(until: deadline)
            if self.configuration.callRevokedOnLeave, await self.endCallback(until: deadline) {
                failure = await self.call("partitionsRevoked", until: deadline) { listener in
                    try await listener.partitionsRevoked(partitions, consumer: self)
                }
            }
        case .lost(let partitions):
            self.logger(.warning, "Partitions are lost", [(.partitions, partitions.names)])
            self.state.withLock { $0.subscriptions.beginRevoking(partitions) }
            guard await self.endCallback(until: deadline) else { break }
            failure = await self.call("partitionsLost", until: deadline) { listener in
                try await listener.partitionsLost(partitions, consumer: self)
            }
        case .assign, nil:
            await self.commitAtLast(until: deadline)
        }
        self.state.withLock { state in
            for partition in state.subscriptions.assignment { state.subscriptions.remove(partition) }
        }
        return failure
    }

    /// The last automatic commit, if it can be had.
    private func commitAtLast(until deadline: MonotonicTime) async {
        let isAutomatic = self.configuration.enableAutoCommit
        let now = self.loop.now
        let offsets = self.state.withLock { state in
            isAutomatic ? state.subscriptions.askedPastOffsets(now: now) : state.subscriptions.carriedOnOffsets
        }
        guard self.configuration.groupID != nil, !offsets.isEmpty else { return }
        let isDone: Void? = await self.whileReachable(until: deadline) {
            await self.commitBeforeLettingGo(until: deadline)
        }
        guard isDone == nil, isAutomatic else { return }
        self.logger(
            .warning, "What was read last is not committed, and will come again",
            [(.error, self.cluster.timeoutError("The commit was not made in time").description)])
    }

    /// Cancels the callback that runs on the reader's task, and waits for its end: no two run at the same time. Whether it has
    /// ended by the deadline.
    private func endCallback(until deadline: MonotonicTime) async -> Bool {
        guard let callback = self.state.withLock({ $0.callback }) else { return true }
        callback.cancel()
        do {
            _ = try await Deadline.runToEnd(max(deadline - self.loop.now, .zero), on: self.loop.clock) {
                await callback.value
            }
            return true
        } catch {
            self.logger(
                .warning,
                """
                The rebalance listener has not returned within closeTimeout: it is not waited for any more, and does not \
                hear that its partitions go
                """)
            return false
        }
    }

    /// What `unsubscribe()` inside a callback has left to be done when that has returned.
    func giveUpOwed() async -> KafkaError? {
        guard let step = self.state.withLock({ $0.takeOwedStep() }) else { return nil }
        let schedule = ClosingSchedule(from: self.loop.now, within: self.configuration.closeTimeout)
        var failure: KafkaError?
        switch step {
        case .revoke(let partitions):
            self.logger(.info, "Partitions are revoked", [(.partitions, partitions.names)])
            if self.configuration.callRevokedOnLeave {
                failure = await self.call("partitionsRevoked", until: schedule.release) { listener in
                    try await listener.partitionsRevoked(partitions, consumer: self)
                }
            }
        case .lost(let partitions):
            self.logger(.warning, "Partitions are lost", [(.partitions, partitions.names)])
            failure = await self.call("partitionsLost", until: schedule.release) { listener in
                try await listener.partitionsLost(partitions, consumer: self)
            }
        case .assign: break
        }
        await self.leaveGroup(because: "the consumer unsubscribed", until: schedule.end)
        return failure
    }

    /// A callback with a limit: at the deadline it is cancelled, and left to itself if it does not heed that.
    private func call(
        _ name: String, until deadline: MonotonicTime,
        _ callback: @escaping @Sendable (any ConsumerRebalanceListener) async throws -> Void
    ) async -> KafkaError? {
        guard self.listener != nil else { return nil }
        do {
            return try await Deadline.runToEnd(max(deadline - self.loop.now, .zero), on: self.loop.clock) {
                await self.call(name, callback)
            }
        } catch {
            self.logger(
                .warning,
                "The rebalance listener has not returned within closeTimeout: it is not waited for any more",
                [(.reason, name)])
            return nil
        }
    }

    /// Ends the membership: the rest of closing, done by `run()`.
    func close() async -> Result<Void, KafkaError> {
        let schedule =
            self.state.withLock { $0.closingSchedule }
            ?? ClosingSchedule(from: self.loop.now, within: self.configuration.closeTimeout)
        // The reader gives up its partitions itself, between two elements, if there is one.
        while true {
            let (hasReader, isLettingGo) = self.state.withLock { ($0.hasReader, $0.isLettingGo) }
            let limit = isLettingGo ? schedule.release : schedule.reader
            if !hasReader || self.released.isFulfilled { break }
            guard self.loop.now < limit else {
                if !isLettingGo { self.warnOfReader() }
                break
            }
            await self.closeSignal.wait(until: limit, on: self.loop)
        }
        var result = Result<Void, KafkaError>.success(())
        do throws(KafkaError) {
            try await self.letGo()
        } catch {
            result = .failure(error)
        }
        try? await self.released.value(until: schedule.end, on: self.loop) { .cancelled }
        await self.leaveGroup(because: "the consumer is closed", until: schedule.end)
        return result
    }

    private func warnOfReader() {
        self.logger(
            .warning,
            """
            The consumer is closed while its reader is still at work: it has not asked for the next element, or not \
            returned from a callback, within the reader's part of closeTimeout. What it has in hand is not committed
            """)
    }

    func iteratorEnded() {
        self.state.withLock { $0.iterators -= 1 }
        self.closeSignal.notify()
    }
}

extension ConsumerState {
    /// The step that `unsubscribe()` left to be done inside a callback. It is taken once.
    mutating func takeOwedStep() -> RebalanceStep? {
        defer { self.owedStep = nil }
        return self.owedStep
    }

    /// The times of closing, once it has begun.
    var closingSchedule: ClosingSchedule? {
        if case .closing(let schedule) = self.phase { schedule } else { nil }
    }
}
