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
        self.clockSignal.notify()
        let failure: KafkaError?
        switch step {
        case .revoke(let partitions):
            self.logger(.info, "Partitions are revoked", [(.partitions, partitions.names)])
            await self.commitBeforeLettingGo(until: self.loop.now + self.configuration.maxPollInterval)
            failure = await self.call("partitionsRevoked") { listener in
                try await listener.partitionsRevoked(partitions, consumer: self)
            }
        case .assign(let partitions):
            self.logger(.info, "Partitions are assigned", [(.partitions, partitions.names)])
            self.watchTopics()
            self.wake([.positions])
            failure = await self.call("partitionsAssigned") { listener in
                try await listener.partitionsAssigned(partitions, consumer: self)
            }
        case .lost(let partitions):
            self.logger(.warning, "Partitions are lost", [(.partitions, partitions.names)])
            failure = await self.call("partitionsLost") { listener in
                try await listener.partitionsLost(partitions, consumer: self)
            }
        }
        self.state.withLock { state in
            state.busySince = nil
            // The callback may have unsubscribed, and have chosen other partitions since.
            guard state.membership?.isAtWork(on: step) == true else { return }
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

    func call(
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
}
