// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Sets offsets of a share group (KIP-932, Kafka 4.2).
struct AlterShareGroupOffsetsCall: GroupCall {
    typealias Request = AlterShareGroupOffsetsRequest

    let group: String
    var offsets: [TopicPartition: Int64]

    var doing: String { "setting a share group's offsets" }

    func request(
        for partitions: [TopicPartition], to recipient: Recipient
    ) throws(KafkaError) -> AlterShareGroupOffsetsRequest {
        var request = AlterShareGroupOffsetsRequest()
        request.groupId = self.group
        request.topics = partitions.byTopic.map { name, own in
            var topic = AlterShareGroupOffsetsRequest.AlterShareGroupOffsetsRequestTopic()
            topic.topicName = name
            topic.partitions = own.compactMap { partition in
                guard let offset = self.offsets[partition] else { return nil }
                var entry = AlterShareGroupOffsetsRequest.AlterShareGroupOffsetsRequestPartition()
                entry.partitionIndex = partition.partition
                entry.startOffset = offset
                return entry
            }
            return topic
        }
        return request
    }

    func outcomes(
        of response: AlterShareGroupOffsetsResponse, to partitions: [TopicPartition], from recipient: Recipient
    ) -> [TopicPartition: CallOutcome<Void>] {
        if response.errorCode != .none {
            let message = response.errorMessage
            return Dictionary(
                partitions.map { ($0, self.refused(response.errorCode, $0, by: recipient, message: message)) }
            ) { first, _ in first }
        }
        var outcomes: [TopicPartition: CallOutcome<Void>] = [:]
        for topic in response.responses {
            for answer in topic.partitions {
                let partition = TopicPartition(topic.topicName, answer.partitionIndex)
                outcomes[partition] =
                    answer.errorCode == .none
                    ? .done(())
                    : self.refused(answer.errorCode, partition, by: recipient, message: answer.errorMessage)
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about partition: TopicPartition) {
        error.group = self.group
        error.note(partition)
    }
}
