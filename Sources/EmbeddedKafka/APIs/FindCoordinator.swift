// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum FindCoordinatorEndpoint: Endpoint {
    static let name = "FindCoordinator"

    static func access(_ request: FindCoordinatorRequest) -> Access { .byItem }

    static func handle(_ request: FindCoordinatorRequest, _ call: Call) {
        self.answer(request, call) { key throws(BrokerError) in
            guard let kind = EmbeddedCluster.CoordinatorKind(rawValue: request.keyType) else {
                throw BrokerError(.invalidRequest, "There are no coordinators of type \(request.keyType).")
            }
            try call.require(.describe, kind == .group ? .group(key) : .transactionalID(key))
            guard !key.isEmpty || kind == .group else { throw BrokerError(.invalidRequest, "The key is empty.") }
            guard let id = call.cluster.coordinator(kind, for: key), let broker = call.cluster.brokers[id] else {
                throw BrokerError(.coordinatorNotAvailable)
            }
            return broker
        }
    }

    private static func answer(
        _ request: FindCoordinatorRequest, _ call: Call, _ find: (String) throws(BrokerError) -> EmbeddedBroker
    ) {
        let keys = call.version >= 4 ? request.coordinatorKeys : [request.key]
        let found = keys.map { key in
            var coordinator = FindCoordinatorResponse.Coordinator()
            coordinator.key = key
            coordinator.errorMessage = nil
            do throws(BrokerError) {
                let broker = try find(key)
                coordinator.nodeId = broker.id
                coordinator.host = broker.host
                coordinator.port = call.port(of: broker)
            } catch {
                coordinator.nodeId = -1
                coordinator.port = -1
                coordinator.errorCode = error.code
                coordinator.errorMessage = error.message
            }
            return coordinator
        }
        var response = FindCoordinatorResponse()
        if call.version >= 4 {
            response.coordinators = found
        } else if let only = found.first {
            response.errorCode = only.errorCode
            response.errorMessage = only.errorMessage
            response.nodeId = only.nodeId
            response.host = only.host
            response.port = only.port
        }
        call.answer(response)
    }

    static func fail(_ request: FindCoordinatorRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _ throws(BrokerError) in throw BrokerError(error) }
    }
}
