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
        let changes = request.resources.map { resource in
            ConfigTarget.Changes(
                type: resource.resourceType, name: resource.resourceName,
                changes: resource.configs.map { ($0.name, ConfigChange.Operation.set.rawValue, $0.value) })
        }
        let errors = ConfigTarget.apply(
            changes, replacingValues: true, validateOnly: request.validateOnly, call)
        var response = AlterConfigsResponse()
        response.responses = zip(request.resources, errors).map { self.result($0, $1) }
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
