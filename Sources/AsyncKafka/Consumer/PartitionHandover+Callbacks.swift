// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The listener's callbacks. No two run at the same time.
extension PartitionHandover {
    /// The consumer whose callback is running on the current task.
    @TaskLocal private static var calling: ObjectIdentifier?

    /// Whether the current task is a callback of this consumer's listener, or was started by one.
    static func isInsideCallback(of consumer: KafkaConsumer) -> Bool { self.calling == ObjectIdentifier(consumer) }

    /// Calls the listener while the reader waits. A task that gives up the partitions meanwhile cancels the call
    /// (`endCallback`).
    func callOnReader(
        _ step: RebalanceStep, for consumer: KafkaConsumer
    ) async -> KafkaError? {
        guard self.listener != nil else { return nil }
        let begun = self.core.state.withLock { state -> Task<KafkaError?, Never>? in
            guard state.isToBeDone(step) else { return nil }
            // Not a child of the reader's task, so that it can be cancelled while the reader continues. It is awaited
            // below.
            let work = Task { await self.call(step, for: consumer) }
            state.callback = work
            return work
        }
        guard let work = begun else { return nil }
        defer { self.core.state.withLock { $0.callback = nil } }
        return await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
    }

    private func call(_ step: RebalanceStep, for consumer: KafkaConsumer) async -> KafkaError? {
        guard let listener = self.listener else { return nil }
        do {
            try await Self.$calling.withValue(ObjectIdentifier(consumer)) {
                try await step.tell(listener, of: consumer)
            }
            return nil
        } catch {
            let isCancelled = error is CancellationError && Task.isCancelled
            self.core.logger(
                isCancelled ? .debug : .error, "The rebalance listener threw an error",
                [(.reason, step.callbackName), (.error, "\(error)")])
            return KafkaError(
                .listenerFailed, "The rebalance listener's \(step.callbackName) threw: \(error)",
                group: self.core.configuration.groupID, underlyingError: error)
        }
    }

    /// Cancels the callback that runs on the reader's task and waits for its end, because callbacks never run at the
    /// same time. Returns whether it has ended by the deadline.
    func endCallback(until deadline: MonotonicTime) async -> Bool {
        guard let callback = self.core.state.withLock({ $0.callback }) else { return true }
        callback.cancel()
        do {
            _ = try await Deadline.runToEnd(max(deadline - self.core.loop.now, .zero), on: self.core.loop.clock) {
                await callback.value
            }
            return true
        } catch {
            self.core.logger(
                .warning,
                """
                The rebalance listener has not returned within closeTimeout: it is not waited for any more, and does not \
                hear that its partitions go
                """)
            return false
        }
    }

    /// Calls the listener with a deadline, at which the call is cancelled. If it ignores the cancellation, it is no
    /// longer awaited.
    func call(
        _ step: RebalanceStep, for consumer: KafkaConsumer, until deadline: MonotonicTime
    ) async -> KafkaError? {
        guard self.listener != nil else { return nil }
        do {
            return try await Deadline.runToEnd(max(deadline - self.core.loop.now, .zero), on: self.core.loop.clock) {
                await self.call(step, for: consumer)
            }
        } catch {
            self.core.logger(
                .warning,
                "The rebalance listener has not returned within closeTimeout: it is not waited for any more",
                [(.reason, step.callbackName)])
            return nil
        }
    }
    /// Reports the end of a step to the observer.
    func tell(of step: RebalanceStep, begun: MonotonicTime) {
        self.core.events(
            .rebalanced(
                KafkaEvent.Rebalanced(
                    group: self.core.configuration.groupID ?? "", step: step.kind, partitions: step.partitions,
                    duration: self.core.loop.now - begun)))
    }

    /// Logs a step.
    func log(_ step: RebalanceStep) {
        let partitions: [(LogKey, String)] = [(.partitions, step.partitions.names)]
        switch step {
        case .revoke: self.core.logger(.info, "Partitions are revoked", partitions)
        case .assign: self.core.logger(.info, "Partitions are assigned", partitions)
        case .lost: self.core.logger(.warning, "Partitions are lost", partitions)
        }
    }
}

extension RebalanceStep {
    /// The name of the listener's method for this step.
    fileprivate var callbackName: String {
        switch self {
        case .revoke: "partitionsRevoked"
        case .assign: "partitionsAssigned"
        case .lost: "partitionsLost"
        }
    }

    fileprivate var kind: KafkaEvent.Rebalanced.Step {
        switch self {
        case .revoke: .revoked
        case .assign: .assigned
        case .lost: .lost
        }
    }

    fileprivate func tell(_ listener: any ConsumerRebalanceListener, of consumer: KafkaConsumer) async throws {
        switch self {
        case .revoke(let partitions): try await listener.partitionsRevoked(partitions, consumer: consumer)
        case .assign(let partitions): try await listener.partitionsAssigned(partitions, consumer: consumer)
        case .lost(let partitions): try await listener.partitionsLost(partitions, consumer: consumer)
        }
    }
}
