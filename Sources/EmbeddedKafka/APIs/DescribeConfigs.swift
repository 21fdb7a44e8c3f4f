// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DescribeConfigsEndpoint: Endpoint {
    static let name = "DescribeConfigs"

    private static let topicResource: Int8 = 2
    private static let brokerResource: Int8 = 4

    static func handle(_ request: DescribeConfigsRequest, _ call: Call) {
        var response = DescribeConfigsResponse()
        for resource in request.resources {
            var result = self.result(resource, .none)
            switch resource.resourceType {
            case self.topicResource:
                guard let topic = call.cluster.topic(resource.resourceName) else {
                    result.errorCode = .unknownTopicOrPartition
                    break
                }
                let wanted = resource.configurationKeys.map { Set($0) }
                result.configs = TopicConfiguration.entries(topic.configuration, call.cluster.configuration)
                    .filter { wanted?.contains($0.name) ?? true }
                    .map { entry in
                        var config = DescribeConfigsResponse.DescribeConfigsResourceResult()
                        config.name = entry.name
                        config.value = entry.value
                        config.configSource = entry.source
                        return config
                    }
            case self.brokerResource: break
            default:
                result.errorCode = .invalidRequest
                result.errorMessage = "Resources of type \(resource.resourceType) have no configuration here."
            }
            response.results.append(result)
        }
        call.answer(response)
    }

    private static func result(
        _ resource: DescribeConfigsRequest.DescribeConfigsResource, _ error: ErrorCode
    ) -> DescribeConfigsResponse.DescribeConfigsResult {
        var result = DescribeConfigsResponse.DescribeConfigsResult()
        result.resourceType = resource.resourceType
        result.resourceName = resource.resourceName
        result.errorCode = error
        result.errorMessage = nil
        return result
    }

    static func fail(_ request: DescribeConfigsRequest, _ error: ErrorCode, _ call: Call) {
        var response = DescribeConfigsResponse()
        response.results = request.resources.map { self.result($0, error) }
        call.answer(response)
    }
}
