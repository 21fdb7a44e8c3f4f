// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Begins and cancels reassignments of partitions (KIP-455).
struct AlterPartitionReassignmentsCall: Call {
    typealias Request = AlterPartitionReassignmentsRequest

    var partitions: [TopicPartition: NewPartitionReassignment]
    var allowsReplicationFactorChange: Bool
    /// The time that the controller may take.
    var timeout: Duration

    var doing: String { "reassigning partitions" }
    /// After a reassignment was cancelled, a repeated request would be refused because there is none.
    var isRepeatable: Bool { !self.partitions.values.contains(.cancel) }

    func destination(of partition: TopicPartition) -> Destination { .controller }

    func request(
        for partitions: [TopicPartition], to recipient: Recipient
    ) throws(KafkaError) -> AlterPartitionReassignmentsRequest {
        var request = AlterPartitionReassignmentsRequest()
        request.timeoutMs = self.timeout.wholeMilliseconds
        guard self.allowsReplicationFactorChange || recipient.version >= 1 else {
            throw KafkaError(
                .unsupportedVersion,
                "The broker can't refuse a change of the replication factor, which came with Kafka 4.1.",
                broker: recipient.broker.description)
        }
        request.allowReplicationFactorChange = self.allowsReplicationFactorChange
        request.topics = partitions.byTopic.map { name, own in
            var topic = AlterPartitionReassignmentsRequest.ReassignableTopic()
            topic.name = name
            topic.partitions = own.map { partition in
                var entry = AlterPartitionReassignmentsRequest.ReassignablePartition()
                entry.partitionIndex = partition.partition
                if case .replicas(let brokers) = self.partitions[partition] { entry.replicas = brokers }
                return entry
            }
            return topic
        }
        return request
    }

    func outcomes(
        of response: AlterPartitionReassignmentsResponse, to partitions: [TopicPartition], from recipient: Recipient
    ) -> [TopicPartition: CallOutcome<Void>] {
        guard response.errorCode == .none else {
            let refusals = partitions.map { partition in
                (
                    partition,
                    self.refused(response.errorCode, partition, by: recipient, message: response.errorMessage)
                )
            }
            return Dictionary(refusals) { first, _ in first }
        }
        var outcomes: [TopicPartition: CallOutcome<Void>] = [:]
        for topic in response.responses {
            for answer in topic.partitions {
                let partition = TopicPartition(topic.name, answer.partitionIndex)
                outcomes[partition] =
                    answer.errorCode == .none
                    ? .done(())
                    : self.refused(answer.errorCode, partition, by: recipient, message: answer.errorMessage)
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about partition: TopicPartition) { error.note(partition) }
}
