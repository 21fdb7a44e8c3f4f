// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Deletes committed offsets of a group (KIP-496, Kafka 2.4).
struct OffsetDeleteCall: GroupCall {
    typealias Request = OffsetDeleteRequest

    let group: String

    var doing: String { "deleting committed offsets" }

    func request(for partitions: [TopicPartition], to recipient: Recipient) throws(KafkaError) -> OffsetDeleteRequest {
        var request = OffsetDeleteRequest()
        request.groupId = self.group
        request.topics = partitions.byTopic.map { name, own in
            var topic = OffsetDeleteRequest.OffsetDeleteRequestTopic()
            topic.name = name
            topic.partitions = own.map { partition in
                var entry = OffsetDeleteRequest.OffsetDeleteRequestPartition()
                entry.partitionIndex = partition.partition
                return entry
            }
            return topic
        }
        return request
    }

    func outcomes(
        of response: OffsetDeleteResponse, to partitions: [TopicPartition], from recipient: Recipient
    ) -> [TopicPartition: CallOutcome<Void>] {
        if response.errorCode != .none {
            return Dictionary(
                partitions.map { ($0, self.refused(response.errorCode, $0, by: recipient)) }
            ) { first, _ in first }
        }
        var outcomes: [TopicPartition: CallOutcome<Void>] = [:]
        for topic in response.topics {
            for answer in topic.partitions {
                let partition = TopicPartition(topic.name, answer.partitionIndex)
                outcomes[partition] =
                    answer.errorCode == .none ? .done(()) : self.refused(answer.errorCode, partition, by: recipient)
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about partition: TopicPartition) {
        error.group = self.group
        error.note(partition)
    }
}
