// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Deletes the oldest records of partitions (KIP-107). The value is the first offset afterwards.
struct DeleteRecordsCall: Call {
    typealias Request = DeleteRecordsRequest

    var partitions: [TopicPartition: RecordsToDelete]
    /// The time that the leader may wait for its followers.
    var timeout: Duration

    var doing: String { "deleting records" }
    /// Repeating "all" would also delete what was written since.
    var isRepeatable: Bool { !self.partitions.values.contains(.all) }

    func destination(of partition: TopicPartition) -> Destination { .leader(partition) }

    func request(
        for partitions: [TopicPartition], to recipient: Recipient
    ) throws(KafkaError) -> DeleteRecordsRequest {
        var request = DeleteRecordsRequest()
        request.timeoutMs = self.timeout.wholeMilliseconds
        request.topics = partitions.byTopic.map { name, own in
            var topic = DeleteRecordsRequest.DeleteRecordsTopic()
            topic.name = name
            topic.partitions = own.map { partition in
                var entry = DeleteRecordsRequest.DeleteRecordsPartition()
                entry.partitionIndex = partition.partition
                if case .before(let offset) = self.partitions[partition] {
                    entry.offset = offset
                } else {
                    entry.offset = -1
                }
                return entry
            }
            return topic
        }
        return request
    }

    func outcomes(
        of response: DeleteRecordsResponse, to partitions: [TopicPartition], from recipient: Recipient
    ) -> [TopicPartition: CallOutcome<Int64>] {
        var outcomes: [TopicPartition: CallOutcome<Int64>] = [:]
        for topic in response.topics {
            for answer in topic.partitions {
                let partition = TopicPartition(topic.name, answer.partitionIndex)
                outcomes[partition] =
                    answer.errorCode == .none
                    ? .done(answer.lowWatermark) : self.refused(answer.errorCode, partition, by: recipient)
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about partition: TopicPartition) { error.note(partition) }
}
