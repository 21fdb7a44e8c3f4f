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
        let changes = request.resources.map { resource in
            ConfigTarget.Changes(
                type: resource.resourceType, name: resource.resourceName,
                changes: resource.configs.map { ($0.name, $0.configOperation, $0.value) })
        }
        let errors = ConfigTarget.apply(
            changes, replacingValues: false, validateOnly: request.validateOnly, call)
        var response = IncrementalAlterConfigsResponse()
        response.responses = zip(request.resources, errors).map { self.result($0, $1) }
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
