// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Changes settings of resources (KIP-339, Kafka 2.3).
struct IncrementalAlterConfigsCall: Call {
    typealias Request = IncrementalAlterConfigsRequest

    var changes: [ConfigResource: [ConfigChange]]
    var validateOnly: Bool

    var doing: String { self.validateOnly ? "validating changes of settings" : "changing settings" }
    /// Old brokers append a value again that is already in the list.
    var isRepeatable: Bool {
        !self.changes.values.joined().contains { if case .append = $0 { true } else { false } }
    }
    var hasEffect: Bool { !self.validateOnly }

    func destination(of resource: ConfigResource) -> Destination {
        resource.broker.map(Destination.broker) ?? .anyBroker
    }

    func request(
        for resources: [ConfigResource], to recipient: Recipient
    ) throws(KafkaError) -> IncrementalAlterConfigsRequest {
        var request = IncrementalAlterConfigsRequest()
        request.validateOnly = self.validateOnly
        request.resources = resources.map { resource in
            var entry = IncrementalAlterConfigsRequest.AlterConfigsResource()
            entry.resourceType = resource.kind.rawValue
            entry.resourceName = resource.name
            entry.configs = (self.changes[resource] ?? []).map { change in
                let (name, operation, value): (String, Int8, String?) =
                    switch change {
                    case .set(let name, let value): (name, 0, value)
                    case .delete(let name): (name, 1, nil)
                    case .append(let name, let values): (name, 2, values)
                    case .subtract(let name, let values): (name, 3, values)
                    }
                var config = IncrementalAlterConfigsRequest.AlterableConfig()
                config.name = name
                config.configOperation = operation
                config.value = value
                return config
            }
            return entry
        }
        return request
    }

    func outcomes(
        of response: IncrementalAlterConfigsResponse, to resources: [ConfigResource], from recipient: Recipient
    ) -> [ConfigResource: CallOutcome<Void>] {
        var outcomes: [ConfigResource: CallOutcome<Void>] = [:]
        for answer in response.responses {
            let resource = ConfigResource(ConfigResource.Kind(rawValue: answer.resourceType), answer.resourceName)
            outcomes[resource] =
                answer.errorCode == .none
                ? .done(()) : self.refused(answer.errorCode, resource, by: recipient, message: answer.errorMessage)
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about resource: ConfigResource) { error.note(resource) }
}
