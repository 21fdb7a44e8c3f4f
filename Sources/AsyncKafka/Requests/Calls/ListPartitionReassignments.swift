// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Lists the reassignments that are in progress (KIP-455).
struct ListPartitionReassignmentsCall: Call {
    typealias Request = ListPartitionReassignmentsRequest
    typealias Value = [TopicPartition: PartitionReassignment]

    /// The partitions; nil for all.
    var partitions: [TopicPartition]?
    /// The time that the controller may take.
    var timeout: Duration

    var doing: String { "listing reassignments of partitions" }

    func destination(of item: OnlyItem) -> Destination { .controller }

    func request(
        for items: [OnlyItem], to recipient: Recipient
    ) throws(KafkaError) -> ListPartitionReassignmentsRequest {
        var request = ListPartitionReassignmentsRequest()
        request.timeoutMs = self.timeout.wholeMilliseconds
        request.topics = self.partitions?.byTopic.map { name, own in
            var topic = ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics()
            topic.name = name
            topic.partitionIndexes = own.map(\.partition)
            return topic
        }
        return request
    }

    func outcomes(
        of response: ListPartitionReassignmentsResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Value>] {
        guard response.errorCode == .none else {
            return [
                OnlyItem(): self.refused(
                    response.errorCode, OnlyItem(), by: recipient, message: response.errorMessage)
            ]
        }
        var reassignments: Value = [:]
        for topic in response.topics {
            for partition in topic.partitions {
                reassignments[TopicPartition(topic.name, partition.partitionIndex)] = PartitionReassignment(
                    replicas: partition.replicas, addingReplicas: partition.addingReplicas,
                    removingReplicas: partition.removingReplicas)
            }
        }
        return [OnlyItem(): .done(reassignments)]
    }
}
