// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Moves replicas at once, because all replicas share one log.
enum AlterPartitionReassignmentsEndpoint: Endpoint {
    static let name = "AlterPartitionReassignments"

    private typealias Requested = AlterPartitionReassignmentsRequest.ReassignablePartition

    static func access(_ request: AlterPartitionReassignmentsRequest) -> Access { .needs(.alter, .cluster) }

    static func handle(_ request: AlterPartitionReassignmentsRequest, _ call: Call) {
        var response = AlterPartitionReassignmentsResponse()
        response.errorMessage = nil
        response.allowReplicationFactorChange = request.allowReplicationFactorChange
        for topic in request.topics {
            var result = AlterPartitionReassignmentsResponse.ReassignableTopicResponse()
            result.name = topic.name
            for requested in topic.partitions {
                var part = AlterPartitionReassignmentsResponse.ReassignablePartitionResponse()
                part.partitionIndex = requested.partitionIndex
                part.errorMessage = nil
                do throws(BrokerError) {
                    try self.move(topic.name, requested, mayChangeCount: request.allowReplicationFactorChange, call)
                } catch {
                    part.errorCode = error.code
                    part.errorMessage = error.message
                }
                result.partitions.append(part)
            }
            response.responses.append(result)
        }
        call.answer(response)
    }

    private static func move(
        _ topic: String, _ requested: Requested, mayChangeCount: Bool, _ call: Call
    ) throws(BrokerError) {
        guard let partition = call.cluster.topic(topic)?.partition(requested.partitionIndex) else {
            throw BrokerError(
                .unknownTopicOrPartition, "There is no partition \(topic)-\(requested.partitionIndex).")
        }
        guard let replicas = requested.replicas else {
            throw BrokerError(.noReassignmentInProgress, "No reassignment can be cancelled: they are done at once.")
        }
        guard !replicas.isEmpty, Set(replicas).count == replicas.count,
            replicas.allSatisfy({ call.cluster.brokers[$0] != nil })
        else {
            throw BrokerError(.invalidReplicaAssignment, "A partition can't have its replicas on brokers \(replicas).")
        }
        guard mayChangeCount || replicas.count == partition.replicas.count else {
            throw BrokerError(
                .invalidReplicationFactor,
                "\(topic) has \(partition.replicas.count) replicas, and the request doesn't permit to change that.")
        }
        call.cluster.move(partition, to: replicas)
    }

    static func fail(_ request: AlterPartitionReassignmentsRequest, _ error: ErrorCode, _ call: Call) {
        var response = AlterPartitionReassignmentsResponse()
        response.errorCode = error
        response.errorMessage = nil
        call.answer(response)
    }
}
