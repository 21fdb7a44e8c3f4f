// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DescribeClusterEndpoint: Endpoint {
    static let name = "DescribeCluster"

    private static let brokerEndpoints: Int8 = 1

    static func access(_ request: DescribeClusterRequest) -> Access { .open }

    static func handle(_ request: DescribeClusterRequest, _ call: Call) {
        guard request.endpointType == self.brokerEndpoints else {
            self.fail(request, .mismatchedEndpointType, call)
            return
        }
        var response = DescribeClusterResponse()
        response.clusterId = call.cluster.id
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations =
                call.permits(.describe, .cluster) ? call.permittedOperations(on: .cluster) : 0
        }
        response.controllerId = call.cluster.controllerID
        response.brokers = call.cluster.liveBrokers.map { live in
            var broker = DescribeClusterResponse.DescribeClusterBroker()
            broker.brokerId = live.id
            broker.host = live.host
            broker.port = call.port(of: live)
            broker.rack = live.rack
            return broker
        }
        call.answer(response)
    }

    static func fail(_ request: DescribeClusterRequest, _ error: ErrorCode, _ call: Call) {
        var response = DescribeClusterResponse()
        response.errorCode = error
        call.answer(response)
    }
}
