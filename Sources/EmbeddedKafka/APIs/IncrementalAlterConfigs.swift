// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum IncrementalAlterConfigsEndpoint: Endpoint {
    static let name = "IncrementalAlterConfigs"

    static func access(_ request: IncrementalAlterConfigsRequest) -> Access { .byItem }

    static func handle(_ request: IncrementalAlterConfigsRequest, _ call: Call) {
        let doubled = ConfigTarget.doubled(request.resources.map { ($0.resourceType, $0.resourceName) })
        var response = IncrementalAlterConfigsResponse()
        for (index, resource) in request.resources.enumerated() {
            do throws(BrokerError) {
                if doubled.contains(index) { throw ConfigTarget.isDoubled }
                let target = try ConfigTarget(
                    type: resource.resourceType, name: resource.resourceName, for: .alterConfigs, call)
                var changes: [ConfigChange] = []
                for config in resource.configs {
                    changes.append(
                        try ConfigChange(
                            name: config.name, operation: config.configOperation, value: config.value))
                }
                try target.apply(changes, to: target.values(call), validateOnly: request.validateOnly, call)
                response.responses.append(self.result(resource, nil))
            } catch {
                response.responses.append(self.result(resource, error))
            }
        }
        call.answer(response)
    }

    private static func result(
        _ resource: IncrementalAlterConfigsRequest.AlterConfigsResource, _ error: BrokerError?
    ) -> IncrementalAlterConfigsResponse.AlterConfigsResourceResponse {
        var result = IncrementalAlterConfigsResponse.AlterConfigsResourceResponse()
        result.resourceType = resource.resourceType
        result.resourceName = resource.resourceName
        result.errorCode = error?.code ?? .none
        result.errorMessage = error?.message
        return result
    }

    static func fail(_ request: IncrementalAlterConfigsRequest, _ error: ErrorCode, _ call: Call) {
        var response = IncrementalAlterConfigsResponse()
        response.responses = request.resources.map { self.result($0, BrokerError(error)) }
        call.answer(response)
    }
}

extension ConfigTarget {
    /// The error for a resource that a request names more than once.
    static let isDoubled = BrokerError(.invalidRequest, "The request names the resource more than once.")

    /// Returns the places of the resources that are named more than once.
    static func doubled(_ resources: [(type: Int8, name: String)]) -> Set<Int> {
        Set(
            resources.indices.filter { index in
                resources.count { $0 == resources[index] } > 1
            })
    }
}
