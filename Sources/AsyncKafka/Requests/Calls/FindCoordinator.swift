// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Finds the coordinators of groups or transactional ids.
struct FindCoordinatorCall: Call {
    typealias Request = FindCoordinatorRequest

    let kind: CoordinatorKind

    var doing: String { "looking for the coordinator" }

    func destination(of key: CoordinatorKey) -> Destination { .anyBroker }

    func maximumItems(version: Int16) -> Int { version >= 4 ? .max : 1 }

    func request(for keys: [CoordinatorKey], to recipient: Recipient) throws(KafkaError) -> FindCoordinatorRequest {
        var request = FindCoordinatorRequest()
        if recipient.version >= 4 {
            request.coordinatorKeys = keys.map(\.name)
        } else {
            request.key = keys.first?.name ?? ""
        }
        // Ignored in version 0, which supports groups only.
        request.keyType = self.kind.rawValue
        return request
    }

    func outcomes(
        of response: FindCoordinatorResponse, to keys: [CoordinatorKey], from recipient: Recipient
    ) -> [CoordinatorKey: CallOutcome<Broker>] {
        var outcomes: [CoordinatorKey: CallOutcome<Broker>] = [:]
        if recipient.version >= 4 {
            for answer in response.coordinators {
                let broker = Broker(id: answer.nodeId, host: answer.host, port: Int(answer.port))
                let key = CoordinatorKey(kind: self.kind, name: answer.key)
                outcomes[key] = self.outcome(answer.errorCode, answer.errorMessage, broker, key, recipient)
            }
        } else if let key = keys.first {
            let broker = Broker(id: response.nodeId, host: response.host, port: Int(response.port))
            outcomes[key] = self.outcome(response.errorCode, response.errorMessage, broker, key, recipient)
        }
        return outcomes
    }

    private func outcome(
        _ code: ErrorCode, _ message: String?, _ broker: Broker, _ key: CoordinatorKey, _ recipient: Recipient
    ) -> CallOutcome<Broker> {
        if code != .none { return self.refused(code, key, by: recipient, message: message) }
        guard let id = broker.id, id >= 0 else { return self.refused(.coordinatorNotAvailable, key, by: recipient) }
        return .done(broker)
    }

    func annotate(_ error: inout KafkaError, about key: CoordinatorKey) {
        if key.kind == .group { error.group = key.name }
    }
}
