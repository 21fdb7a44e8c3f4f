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
    /// Does a step of a rebalance on the reader's task: commits, the listener, and then lets go or begins.
    ///
    /// An error of the listener is thrown when the step is done: the group waits for nobody's mistakes.
    func perform(_ step: RebalanceStep) async throws(KafkaError) {
        let metadata = self.cluster.metadata
        self.state.withLock { state in
            // From here on the maximum poll interval runs, as it does while the reader works on records.
            state.busySince = self.loop.now
            switch step {
            case .revoke(let partitions), .lost(let partitions): state.subscriptions.beginRevoking(partitions)
            case .assign(let partitions):
                state.subscriptions.assign(partitions, arriving: true)
                _ = state.subscriptions.metadataChanged(metadata)
            }
        }
        self.heartbeatSignal.notify()
        let failure: KafkaError?
        switch step {
        case .revoke(let partitions):
            self.logger(.debug, "Partitions are revoked", [(.count, "\(partitions.count)")])
            await self.commitBeforeLettingGo(until: self.loop.now + self.configuration.maxPollInterval)
            failure = await self.call("partitionsRevoked") { listener in
                try await listener.partitionsRevoked(partitions, consumer: self)
            }
        case .assign(let partitions):
            self.logger(.debug, "Partitions are assigned", [(.count, "\(partitions.count)")])
            self.watchTopics()
            self.wake([.positions])
            failure = await self.call("partitionsAssigned") { listener in
                try await listener.partitionsAssigned(partitions, consumer: self)
            }
        case .lost(let partitions):
            self.logger(.warning, "Partitions are lost", [(.count, "\(partitions.count)")])
            failure = await self.call("partitionsLost") { listener in
                try await listener.partitionsLost(partitions, consumer: self)
            }
        }
        self.state.withLock { state in
            state.busySince = nil
            switch step {
            case .revoke(let partitions), .lost(let partitions): state.subscriptions.release(partitions)
            case .assign: state.subscriptions.arrived()
            }
        }
        self.updateMembership { $0.stepEnded() }
        self.wake([.fetchers, .positions])
        self.positionWaiters.wakeAll()
        if case .assign = step { self.groupTopicsMayHaveChanged(self.cluster.metadata) }
        if let failure { throw failure }
    }

    private func call(
        _ name: String, _ callback: (any ConsumerRebalanceListener) async throws -> Void
    ) async -> KafkaError? {
        guard let listener = self.listener else { return nil }
        do {
            try await callback(listener)
            return nil
        } catch {
            self.logger(.error, "The rebalance listener threw an error", [(.reason, name), (.error, "\(error)")])
            return KafkaError(
                .listenerFailed, "The rebalance listener's \(name) threw: \(error)",
                group: self.configuration.groupID, underlyingError: error)
        }
    }

    /// The same with a limit: at the deadline the callback's task is cancelled.
    private func call(
        _ name: String, until deadline: MonotonicTime,
        _ callback: @escaping @Sendable (any ConsumerRebalanceListener) async throws -> Void
    ) async -> KafkaError? {
        await withTaskGroup(of: KafkaError??.self) { group in
            // Two children, both waited for. The callback is the user's code, and stays off the loop.
            group.addTask { .some(await self.call(name, callback)) }
            // The deadline, on the loop's timers.
            group.addTask {
                try? await self.cluster.pause(until: deadline)
                return nil
            }
            var result: KafkaError?
            for await ended in group {
                if case .some(let failure) = ended { result = failure }
                group.cancelAll()
            }
            return result
        }
    }

    // MARK: The end

    /// Gives everything up, once: by the reader when its sequence ends, or else by `run()`.
    func letGo() async throws(KafkaError) {
        let step: RebalanceStep?? = self.state.withLock { state in
            if state.isLettingGo { return nil }
            state.isLettingGo = true
            return .some(state.membership?.prepareToLeave())
        }
        guard let step else { return }
        let deadline = self.loop.now + self.configuration.closeTimeout
        let failure = await self.giveUp(step, until: deadline)
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
            self.state.withLock { $0.subscriptions.beginRevoking(partitions) }
            await self.commitBeforeLettingGo(until: deadline)
            if self.configuration.callsRevokedOnLeave {
                failure = await self.call("partitionsRevoked", until: deadline) { listener in
                    try await listener.partitionsRevoked(partitions, consumer: self)
                }
            }
        case .lost(let partitions):
            self.state.withLock { $0.subscriptions.beginRevoking(partitions) }
            failure = await self.call("partitionsLost", until: deadline) { listener in
                try await listener.partitionsLost(partitions, consumer: self)
            }
        case .assign, nil:
            await self.commitBeforeLettingGo(until: deadline)
        }
        self.state.withLock { state in
            for partition in state.subscriptions.assignment { state.subscriptions.remove(partition) }
        }
        return failure
    }

    /// Ends the membership: the rest of closing, done by `run()`.
    func close() async -> Result<Void, KafkaError> {
        let deadline = self.loop.now + self.configuration.closeTimeout
        // The reader gives up its partitions itself, between two elements, if there is one.
        while true {
            let hasReader = self.state.withLock { $0.hasReader }
            if !hasReader || self.released.isFulfilled || self.loop.now >= deadline { break }
            await self.closeSignal.wait(until: deadline, on: self.loop)
        }
        var result = Result<Void, KafkaError>.success(())
        do throws(KafkaError) {
            try await self.letGo()
        } catch {
            result = .failure(error)
        }
        try? await self.released.value(until: deadline, on: self.loop) { .cancelled }
        await self.leaveGroup(because: "the consumer is closed", until: deadline)
        return result
    }

    func iteratorEnded() {
        self.state.withLock { $0.iterators -= 1 }
        self.closeSignal.notify()
    }
}
