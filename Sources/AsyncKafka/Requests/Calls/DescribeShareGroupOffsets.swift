// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Lists all offsets of share groups (KIP-932, Kafka 4.2).
struct DescribeShareGroupOffsetsCall: GroupsCall {
    typealias Request = DescribeShareGroupOffsetsRequest

    var doing: String { "listing a share group's offsets" }

    func request(for groups: [String], to recipient: Recipient) throws(KafkaError) -> DescribeShareGroupOffsetsRequest {
        var request = DescribeShareGroupOffsetsRequest()
        request.groups = groups.map { id in
            var group = DescribeShareGroupOffsetsRequest.DescribeShareGroupOffsetsRequestGroup()
            group.groupId = id
            group.topics = nil
            return group
        }
        return request
    }

    func outcomes(
        of response: DescribeShareGroupOffsetsResponse, to groups: [String], from recipient: Recipient
    ) -> [String: CallOutcome<[TopicPartition: ShareGroupOffset]>] {
        var outcomes: [String: CallOutcome<[TopicPartition: ShareGroupOffset]>] = [:]
        for group in response.groups { outcomes[group.groupId] = self.outcome(group, recipient) }
        return outcomes
    }

    private func outcome(
        _ group: DescribeShareGroupOffsetsResponse.DescribeShareGroupOffsetsResponseGroup, _ recipient: Recipient
    ) -> CallOutcome<[TopicPartition: ShareGroupOffset]> {
        if group.errorCode != .none {
            return self.refused(group.errorCode, group.groupId, by: recipient, message: group.errorMessage)
        }
        var offsets: [TopicPartition: ShareGroupOffset] = [:]
        for topic in group.topics {
            for answer in topic.partitions {
                let partition = TopicPartition(topic.topicName, answer.partitionIndex)
                guard answer.errorCode == .none else {
                    // One partition without an answer makes the list incomplete.
                    var error = KafkaError(
                        answer.errorCode, doing: self.doing, broker: recipient.broker, group: group.groupId,
                        brokerMessage: answer.errorMessage)
                    error.note(partition)
                    return CallOutcome(refusal: error, at: self.destination(of: group.groupId))
                }
                // The group has not begun to read this partition.
                guard answer.startOffset >= 0 else { continue }
                offsets[partition] = ShareGroupOffset(
                    startOffset: answer.startOffset, leaderEpoch: answer.leaderEpoch < 0 ? nil : answer.leaderEpoch,
                    lag: answer.lag < 0 ? nil : answer.lag)
            }
        }
        return .done(offsets)
    }
}
