// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Describes the cluster with a Metadata request, for brokers without DescribeCluster.
struct ClusterMetadataCall: Call {
    typealias Request = MetadataRequest

    var includesAuthorizedOperations: Bool

    // Version 11 leaves the cluster's authorized operations to DescribeCluster.
    var versions: ClosedRange<Int16> { Int16(4)...10 }

    var doing: String { "describing the cluster" }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> MetadataRequest {
        var request = MetadataRequest()
        request.topics = []
        request.allowAutoTopicCreation = false
        if recipient.version >= 8 { request.includeClusterAuthorizedOperations = self.includesAuthorizedOperations }
        return request
    }

    func outcomes(
        of response: MetadataResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<ClusterDescription>] {
        let brokers = response.brokers.sorted { $0.nodeId < $1.nodeId }.map {
            Broker(id: $0.nodeId, host: $0.host, port: Int($0.port), rack: $0.rack)
        }
        return [
            OnlyItem(): .done(
                ClusterDescription(
                    id: response.clusterId, controller: response.controllerId >= 0 ? response.controllerId : nil,
                    brokers: brokers,
                    authorizedOperations: self.includesAuthorizedOperations
                        ? Set(bits: response.clusterAuthorizedOperations) : nil))
        ]
    }
}
