// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Commits a group's offsets.
struct OffsetCommitCall: GroupCall {
    typealias Request = OffsetCommitRequest

    var group: String
    var offsets: [TopicPartition: OffsetAndMetadata]
    /// Empty, with generation -1, if the committer isn't a member of the group.
    var memberID = ""
    var generation: Int32 = -1
    var instanceID: String?
    /// The ids of the topics. Nil if one of them isn't known; topics are then named.
    var topicIDs: [String: KafkaUUID]?

    var doing: String { "committing offsets" }

    // From version 10, topics are identified by their ids.
    var versions: ClosedRange<Int16> {
        OffsetCommitRequest.validVersions.lowerBound...(self.topicIDs == nil ? 9 : 10)
    }

    func request(for partitions: [TopicPartition], to recipient: Recipient) throws(KafkaError) -> OffsetCommitRequest {
        var request = OffsetCommitRequest()
        request.groupId = self.group
        request.generationIdOrMemberEpoch = self.generation
        request.memberId = self.memberID
        if recipient.version >= 7 { request.groupInstanceId = self.instanceID }
        request.topics = partitions.byTopic.map { name, own in
            var topic = OffsetCommitRequest.OffsetCommitRequestTopic()
            // By id, so that an offset of a deleted topic isn't committed to a new topic of the same name.
            if recipient.version >= 10 { topic.topicId = self.topicIDs?[name] ?? .zero } else { topic.name = name }
            topic.partitions = own.compactMap { partition in
                guard let offset = self.offsets[partition] else { return nil }
                var entry = OffsetCommitRequest.OffsetCommitRequestPartition()
                entry.partitionIndex = partition.partition
                entry.committedOffset = offset.offset
                if recipient.version >= 6 { entry.committedLeaderEpoch = offset.leaderEpoch.map { max($0, -1) } ?? -1 }
                entry.committedMetadata = offset.metadata
                return entry
            }
            return topic
        }
        return request
    }

    func outcomes(
        of response: OffsetCommitResponse, to partitions: [TopicPartition], from recipient: Recipient
    ) -> [TopicPartition: CallOutcome<Void>] {
        let names = Dictionary((self.topicIDs ?? [:]).map { ($0.value, $0.key) }) { $1 }
        var outcomes: [TopicPartition: CallOutcome<Void>] = [:]
        for topic in response.topics {
            let name = topic.name.isEmpty ? names[topic.topicId] ?? "" : topic.name
            for answer in topic.partitions {
                let partition = TopicPartition(name, answer.partitionIndex)
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
