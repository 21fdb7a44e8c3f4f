// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

extension KafkaConsumer {
    /// The consumer whose callback the code is in.
    @TaskLocal private static var calling: ObjectIdentifier?

    /// Whether the caller is a callback of this consumer's listener, or was begun by one.
    var isInsideCallback: Bool { Self.calling == ObjectIdentifier(self) }

    /// Does a step of a rebalance on the reader's task: commits, the listener, and then lets go or begins.
    ///
    /// An error of the listener is thrown when the step is done: the group waits for nobody's mistakes.
    func perform(_ step: RebalanceStep) async throws(KafkaError) {
        let metadata = self.cluster.metadata
        let isWanted = self.state.withLock { state in
            guard state.isToBeDone(step) else { return false }
            // From here on the maximum poll interval runs, as it does while the reader works on records.
            state.busySince = self.loop.now
            switch step {
            case .revoke(let partitions), .lost(let partitions): state.subscriptions.beginRevoking(partitions)
            case .assign(let partitions):
                state.subscriptions.assign(partitions, arriving: true)
                _ = state.subscriptions.metadataChanged(metadata)
            }
            return true
        }
        guard isWanted else { return }
        self.clockSignal.notify()
        var failure: KafkaError?
        switch step {
        case .revoke(let partitions):
            self.logger(.info, "Partitions are revoked", [(.partitions, partitions.names)])
            await self.commitBeforeLettingGo(until: self.loop.now + self.configuration.maxPollInterval)
            failure = await self.callOnReader("partitionsRevoked", in: step) { listener in
                try await listener.partitionsRevoked(partitions, consumer: self)
            }
        case .assign(let partitions):
            self.logger(.info, "Partitions are assigned", [(.partitions, partitions.names)])
            self.watchTopics()
            self.wake([.positions])
            failure = await self.callOnReader("partitionsAssigned", in: step) { listener in
                try await listener.partitionsAssigned(partitions, consumer: self)
            }
        case .lost(let partitions):
            self.logger(.warning, "Partitions are lost", [(.partitions, partitions.names)])
            failure = await self.callOnReader("partitionsLost", in: step) { listener in
                try await listener.partitionsLost(partitions, consumer: self)
            }
        }
        let isStillWanted = self.state.withLock { state in
            state.busySince = nil
            // The callback may have unsubscribed, and have chosen other partitions since.
            guard state.membership?.isAtWork(on: step) == true else { return false }
            switch step {
            case .revoke(let partitions), .lost(let partitions): state.subscriptions.release(partitions)
            case .assign: state.subscriptions.arrived()
            }
            return true
        }
        // It was cancelled because the consumer is being closed: that is no error.
        if !isStillWanted, failure?.isOfCancelledCallback == true { failure = nil }
        self.updateMembership { $0.stepEnded() }
        if let next = await self.giveUpOwed() { failure = failure ?? next }
        self.wake([.fetchers, .positions])
        self.positionWaiters.wakeAll()
        if case .assign = step { self.groupTopicsMayHaveChanged(self.cluster.metadata) }
        if let failure { throw failure }
    }

    /// Calls the listener while the reader waits. Code that gives the partitions up meanwhile cancels the call (`endCallback`).
    private func callOnReader(
        _ name: String, in step: RebalanceStep,
        _ callback: @escaping @Sendable (any ConsumerRebalanceListener) async throws -> Void
    ) async -> KafkaError? {
        guard self.listener != nil else { return nil }
        let begun = self.state.withLock { state -> Task<KafkaError?, Never>? in
            guard state.isToBeDone(step) else { return nil }
            // Not a child of the reader's task, so that it can be cancelled while the reader goes on. It is awaited below.
            let work = Task { await self.call(name, callback) }
            state.callback = work
            return work
        }
        guard let work = begun else { return nil }
        defer { self.state.withLock { $0.callback = nil } }
        return await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
    }

    func call(
        _ name: String, _ callback: @Sendable (any ConsumerRebalanceListener) async throws -> Void
    ) async -> KafkaError? {
        guard let listener = self.listener else { return nil }
        do {
            try await Self.$calling.withValue(ObjectIdentifier(self)) { try await callback(listener) }
            return nil
        } catch {
            let isCancelled = error is CancellationError && Task.isCancelled
            self.logger(
                isCancelled ? .debug : .error, "The rebalance listener threw an error",
                [(.reason, name), (.error, "\(error)")])
            return KafkaError(
                .listenerFailed, "The rebalance listener's \(name) threw: \(error)",
                group: self.configuration.groupID, underlyingError: error)
        }
    }
}

extension ConsumerState {
    /// Whether a step that was begun is still to be done. Somebody else may have unsubscribed since: that takes partitions
    /// back that have come, but leaves it to the reader to tell of those that go.
    fileprivate func isToBeDone(_ step: RebalanceStep) -> Bool {
        guard case .assign = step else { return true }
        return self.membership?.isAtWork(on: step) == true
    }
}

extension KafkaError {
    /// Whether a callback threw because it was cancelled.
    fileprivate var isOfCancelledCallback: Bool {
        self.underlyingError is CancellationError || (self.underlyingError as? KafkaError)?.code == .cancelled
    }
}
