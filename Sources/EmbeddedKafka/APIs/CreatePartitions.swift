// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum CreatePartitionsEndpoint: Endpoint {
    static let name = "CreatePartitions"

    static func access(_ request: CreatePartitionsRequest) -> Access { .byItem }

    static func handle(_ request: CreatePartitionsRequest, _ call: Call) {
        var response = CreatePartitionsResponse()
        for topic in request.topics {
            do throws(BrokerError) {
                try call.require(.alter, .topic(topic.name))
                try self.add(topic, validateOnly: request.validateOnly, call)
                response.results.append(self.result(topic.name, nil))
            } catch {
                response.results.append(self.result(topic.name, error))
            }
        }
        response.throttleTimeMs = call.throttleMutations()
        call.answer(response)
    }

    private static func add(
        _ requested: CreatePartitionsRequest.CreatePartitionsTopic, validateOnly: Bool, _ call: Call
    ) throws(BrokerError) {
        let cluster = call.cluster
        guard let topic = cluster.topic(requested.name) else { throw BrokerError(.unknownTopicOrPartition) }
        let count = Int(requested.count)
        guard count > topic.partitions.count, count <= EmbeddedCluster.maximumPartitions else {
            throw BrokerError(
                .invalidPartitions,
                "Topic '\(topic.name)' has \(topic.partitions.count) partitions and can't be given \(count).")
        }
        let new = topic.partitions.count..<count
        let replicas = topic.partitions.first?.replicas.count ?? 1
        var assignments = cluster.assignments(partitions: new, replicationFactor: replicas)
        if let wanted = requested.assignments {
            assignments = wanted.map(\.brokerIds)
            let isRight =
                assignments.count == new.count
                && assignments.allSatisfy { ids in
                    ids.count == replicas && Set(ids).count == ids.count
                        && ids.allSatisfy { cluster.brokers[$0] != nil }
                }
            guard isRight else {
                throw BrokerError(
                    .invalidReplicaAssignment, "The new partitions can't be assigned to brokers \(assignments).")
            }
        }
        guard !validateOnly else { return }
        try call.countMutations(assignments.count, isStrict: call.version >= 3)
        cluster.addPartitions(assignments, to: topic)
    }

    private static func result(
        _ name: String, _ error: BrokerError?
    ) -> CreatePartitionsResponse.CreatePartitionsTopicResult {
        var result = CreatePartitionsResponse.CreatePartitionsTopicResult()
        result.name = name
        result.errorCode = error?.code ?? .none
        result.errorMessage = error?.message
        return result
    }

    static func fail(_ request: CreatePartitionsRequest, _ error: ErrorCode, _ call: Call) {
        var response = CreatePartitionsResponse()
        response.results = request.topics.map { self.result($0.name, BrokerError(error)) }
        call.answer(response)
    }
}
