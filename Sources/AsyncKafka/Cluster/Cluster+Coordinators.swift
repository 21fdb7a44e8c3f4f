// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The broker that was the coordinator when that was last asked.
struct FoundCoordinator: Sendable {
    var id: Int32
    /// It has failed since: it is asked for again.
    var isForgotten = false
}

extension Cluster {
    /// The coordinator as far as it is known.
    func knownCoordinator(_ key: CoordinatorKey) -> Int32? {
        self.coordinators.withLock { coordinators in
            guard let found = coordinators[key], !found.isForgotten else { return nil }
            return found.id
        }
    }

    /// The broker that coordinates a group or transaction, asked for if it isn't known.
    func coordinator(
        _ kind: CoordinatorKind, for name: String, deadline: MonotonicTime
    ) async throws(KafkaError) -> Int32 {
        let key = CoordinatorKey(kind: kind, name: name)
        if let known = self.knownCoordinator(key) { return known }
        return try await self.findCoordinator(key, deadline: deadline)
    }

    /// The broker that coordinates a group or transaction now. The brokers are asked even if one is known.
    func currentCoordinator(
        _ kind: CoordinatorKind, for name: String, deadline: MonotonicTime
    ) async throws(KafkaError) -> Int32 {
        try await self.findCoordinator(CoordinatorKey(kind: kind, name: name), deadline: deadline)
    }

    private func findCoordinator(_ key: CoordinatorKey, deadline: MonotonicTime) async throws(KafkaError) -> Int32 {
        let results = await self.perform(FindCoordinatorCall(kind: key.kind), for: [key], deadline: deadline)
        guard let found = try results[key]?.get(), let id = found.id else { throw .cancelled }
        self.connections.learn(found)
        let isNew = self.coordinators.withLock { coordinators in
            defer { coordinators[key] = FoundCoordinator(id: id) }
            return coordinators[key]?.id != id
        }
        // One that fails is found again and again.
        if isNew { self.logger(.info, "Found the coordinator", [(.broker, found.description)]) }
        return id
    }

    /// Forgets a coordinator that turned out not to be one, or not to be there. Other errors say nothing of that.
    func coordinatorFailed(_ kind: CoordinatorKind, for name: String, broker: Int32, because error: KafkaError) {
        guard error.isAboutCoordinator else { return }
        let key = CoordinatorKey(kind: kind, name: name)
        let isForgotten = self.coordinators.withLock { coordinators in
            guard let found = coordinators[key], found.id == broker, !found.isForgotten else { return false }
            coordinators[key]?.isForgotten = true
            return true
        }
        if isForgotten {
            self.logger(.debug, "The coordinator is looked for again", [(.broker, "\(broker)")])
        }
    }
}
