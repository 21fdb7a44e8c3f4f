// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Looks up the end offsets of leader epochs (KIP-320). The value is nil if the leader doesn't know the epoch.
struct OffsetForLeaderEpochCall: Call {
    typealias Request = OffsetForLeaderEpochRequest

    var epochs: [TopicPartition: Int32]

    // Below version 3 the request requires the right to `ClusterAction`, which clients don't have.
    var versions: ClosedRange<Int16> { Int16(3)...OffsetForLeaderEpochRequest.latestStableVersion }

    var doing: String { "validating a position" }

    func destination(of partition: TopicPartition) -> Destination { .leader(partition) }

    func request(
        for partitions: [TopicPartition], to recipient: Recipient
    ) throws(KafkaError) -> OffsetForLeaderEpochRequest {
        var request = OffsetForLeaderEpochRequest()
        request.replicaId = -1
        request.topics = partitions.byTopic.map { name, own in
            var topic = OffsetForLeaderEpochRequest.OffsetForLeaderTopic()
            topic.topic = name
            topic.partitions = own.map { partition in
                var entry = OffsetForLeaderEpochRequest.OffsetForLeaderPartition()
                entry.partition = partition.partition
                entry.currentLeaderEpoch = recipient.metadata.partition(partition)?.leaderEpoch ?? -1
                entry.leaderEpoch = self.epochs[partition] ?? -1
                return entry
            }
            return topic
        }
        return request
    }

    func outcomes(
        of response: OffsetForLeaderEpochResponse, to partitions: [TopicPartition], from recipient: Recipient
    ) -> [TopicPartition: CallOutcome<Int64?>] {
        var outcomes: [TopicPartition: CallOutcome<Int64?>] = [:]
        for topic in response.topics {
            for answer in topic.partitions {
                let partition = TopicPartition(topic.topic, answer.partition)
                guard answer.errorCode == .none else {
                    outcomes[partition] = self.refused(answer.errorCode, partition, by: recipient)
                    continue
                }
                let isKnown = answer.endOffset >= 0 && answer.leaderEpoch >= 0
                outcomes[partition] = .done(isKnown ? answer.endOffset : nil)
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about partition: TopicPartition) { error.note(partition) }
}
