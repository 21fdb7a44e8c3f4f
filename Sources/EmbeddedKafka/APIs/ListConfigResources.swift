// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Lists the resources that have settings: topics and brokers.
enum ListConfigResourcesEndpoint: Endpoint {
    static let name = "ListConfigResources"

    static func access(_ request: ListConfigResourcesRequest) -> Access { .needs(.describeConfigs, .cluster) }

    static func handle(_ request: ListConfigResourcesRequest, _ call: Call) {
        let known = ConfigTarget.ResourceType.allCases.map(\.rawValue)
        guard request.resourceTypes.allSatisfy(known.contains) else {
            return self.fail(request, .unsupportedVersion, call)
        }
        let wanted = request.resourceTypes.isEmpty ? known : request.resourceTypes
        var response = ListConfigResourcesResponse()
        // Version 0 is about the metrics of clients only, which this broker doesn't take.
        if call.version >= 1 {
            if wanted.contains(ConfigTarget.ResourceType.topic.rawValue) {
                response.configResources += call.cluster.topics.keys.sorted().map { self.resource($0, .topic) }
            }
            if wanted.contains(ConfigTarget.ResourceType.broker.rawValue) {
                response.configResources += call.cluster.liveBrokers.map { self.resource("\($0.id)", .broker) }
            }
        }
        call.answer(response)
    }

    private static func resource(
        _ name: String, _ type: ConfigTarget.ResourceType
    ) -> ListConfigResourcesResponse.ConfigResource {
        var resource = ListConfigResourcesResponse.ConfigResource()
        resource.resourceName = name
        resource.resourceType = type.rawValue
        return resource
    }

    static func fail(_ request: ListConfigResourcesRequest, _ error: ErrorCode, _ call: Call) {
        var response = ListConfigResourcesResponse()
        response.errorCode = error
        call.answer(response)
    }
}
