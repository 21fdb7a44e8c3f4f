// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Replaces all values that a resource has of its own.
enum AlterConfigsEndpoint: Endpoint {
    static let name = "AlterConfigs"

    static func access(_ request: AlterConfigsRequest) -> Access { .byItem }

    static func handle(_ request: AlterConfigsRequest, _ call: Call) {
        let doubled = ConfigTarget.doubled(request.resources.map { ($0.resourceType, $0.resourceName) })
        var response = AlterConfigsResponse()
        for (index, resource) in request.resources.enumerated() {
            do throws(BrokerError) {
                if doubled.contains(index) { throw ConfigTarget.isDoubled }
                let target = try ConfigTarget(
                    type: resource.resourceType, name: resource.resourceName, for: .alterConfigs, call)
                var changes: [ConfigChange] = []
                for config in resource.configs {
                    changes.append(
                        try ConfigChange(
                            name: config.name, operation: ConfigChange.Operation.set.rawValue, value: config.value))
                }
                try target.apply(changes, to: [:], validateOnly: request.validateOnly, call)
                response.responses.append(self.result(resource, nil))
            } catch {
                response.responses.append(self.result(resource, error))
            }
        }
        call.answer(response)
    }

    private static func result(
        _ resource: AlterConfigsRequest.AlterConfigsResource, _ error: BrokerError?
    ) -> AlterConfigsResponse.AlterConfigsResourceResponse {
        var result = AlterConfigsResponse.AlterConfigsResourceResponse()
        result.resourceType = resource.resourceType
        result.resourceName = resource.resourceName
        result.errorCode = error?.code ?? .none
        result.errorMessage = error?.message
        return result
    }

    static func fail(_ request: AlterConfigsRequest, _ error: ErrorCode, _ call: Call) {
        var response = AlterConfigsResponse()
        response.responses = request.resources.map { self.result($0, BrokerError(error)) }
        call.answer(response)
    }
}
