// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The coordinator according to the last look-up.
struct FoundCoordinator: Sendable {
    var id: Int32
    /// Whether it has failed since, so that it must be looked up again.
    var isForgotten = false
}

extension Cluster {
    /// Returns the coordinator if it is known.
    func knownCoordinator(_ key: CoordinatorKey) -> Int32? {
        self.coordinators.withLock { coordinators in
            guard let found = coordinators[key], !found.isForgotten else { return nil }
            return found.id
        }
    }

    /// Returns the coordinator of a group or transaction. Looks it up if it isn't known.
    func coordinator(
        _ kind: CoordinatorKind, for name: String, deadline: MonotonicTime
    ) async throws(KafkaError) -> Int32 {
        let key = CoordinatorKey(kind: kind, name: name)
        if let known = self.knownCoordinator(key) { return known }
        return try await self.findCoordinator(key, deadline: deadline)
    }

    /// Looks up the current coordinator of a group or transaction, even if one is known.
    func currentCoordinator(
        _ kind: CoordinatorKind, for name: String, deadline: MonotonicTime
    ) async throws(KafkaError) -> Int32 {
        try await self.findCoordinator(CoordinatorKey(kind: kind, name: name), deadline: deadline)
    }

    /// Makes one attempt at finding the coordinators of keys of the same kind. Those that aren't found can be looked up one by one.
    func findCoordinators(_ keys: [CoordinatorKey], deadline: MonotonicTime) async {
        guard let kind = keys.first?.kind else { return }
        for (key, outcome) in await self.attempt(FindCoordinatorCall(kind: kind), for: keys, deadline: deadline) {
            if case .done(let found) = outcome, let id = found.id { self.learn(key, found, id) }
        }
    }

    private func findCoordinator(_ key: CoordinatorKey, deadline: MonotonicTime) async throws(KafkaError) -> Int32 {
        let results = await self.perform(FindCoordinatorCall(kind: key.kind), for: [key], deadline: deadline)
        guard let found = try results[key]?.get(), let id = found.id else { throw .cancelled }
        self.learn(key, found, id)
        return id
    }

    private func learn(_ key: CoordinatorKey, _ found: Broker, _ id: Int32) {
        self.connections.learn(found)
        let isNew = self.coordinators.withLock { coordinators in
            defer { coordinators[key] = FoundCoordinator(id: id) }
            return coordinators[key]?.id != id
        }
        // A failing coordinator is found repeatedly, which isn't worth a line each time.
        if isNew { self.logger(.info, "Found the coordinator", [(.broker, found.description)]) }
    }

    /// Forgets a coordinator that isn't the coordinator any more or can't be reached. Other errors don't indicate that.
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
