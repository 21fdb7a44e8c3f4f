// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// What a coordinator coordinates.
enum CoordinatorKind: Int8, Hashable, Sendable {
    case group = 0
    case transaction = 1
}

/// A group or transactional id that a broker coordinates.
struct CoordinatorKey: Hashable, Sendable {
    var kind: CoordinatorKind
    var name: String
}

extension Cluster {
    /// The broker that coordinates a group or transaction, asked for if it isn't known.
    func coordinator(
        _ kind: CoordinatorKind, for name: String, deadline: MonotonicTime
    ) async throws(KafkaError) -> Int32 {
        let key = CoordinatorKey(kind: kind, name: name)
        var failures = 0
        while true {
            if let known = self.coordinators.withLock({ $0[key] }) { return known }
            let failure: KafkaError
            do {
                let found = try await self.findCoordinator(key, deadline: deadline)
                self.coordinators.withLock { $0[key] = found }
                return found
            } catch {
                guard error.isRetriable else { throw error }
                failure = error
            }
            failures += 1
            let next = self.loop.now + self.backoff(failures: failures)
            guard next < deadline else { throw failure }
            try await self.pause(until: next)
        }
    }

    /// Forgets a coordinator that turned out not to be one, or not to be there.
    func coordinatorFailed(_ kind: CoordinatorKind, for name: String, broker: Int32) {
        self.coordinators.withLock { coordinators in
            let key = CoordinatorKey(kind: kind, name: name)
            if coordinators[key] == broker { coordinators[key] = nil }
        }
    }

    private func findCoordinator(_ key: CoordinatorKey, deadline: MonotonicTime) async throws(KafkaError) -> Int32 {
        let connection = try await self.anyConnection(deadline: deadline)
        var request = FindCoordinatorRequest()
        let version = try connection.versions.version(for: FindCoordinatorRequest.self)
        if version >= 4 {
            request.coordinatorKeys = [key.name]
        } else {
            request.key = key.name
        }
        // Version 0 knows groups only, and has no place for the kind.
        request.keyType = key.kind.rawValue
        let response = try await connection.request(request)

        var error = response.errorCode
        var broker = Broker(id: response.nodeId, host: response.host, port: Int(response.port))
        if version >= 4 {
            guard let answer = response.coordinators.first(where: { $0.key == key.name }) else {
                throw KafkaError(
                    .protocolError, "The broker's answer about a coordinator doesn't name the one asked for.",
                    broker: connection.broker.description, group: key.name, isRetriable: true)
            }
            error = answer.errorCode
            broker = Broker(id: answer.nodeId, host: answer.host, port: Int(answer.port))
        }
        if error != .none {
            throw KafkaError(
                error, doing: "looking for the coordinator", broker: connection.broker, group: key.name)
        }
        guard let id = broker.id, id >= 0 else {
            throw KafkaError(.coordinatorNotAvailable, doing: "looking for the coordinator", group: key.name)
        }
        self.connections.learn(broker)
        return id
    }
}
