// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Adds a group's offsets to a transaction. They become the group's with its commit.
struct TxnOffsetCommitCall: GroupCall {
    typealias Request = TxnOffsetCommitRequest

    let producer: TransactionalProducer
    let version: TransactionVersion
    let group: String
    let offsets: [TopicPartition: OffsetAndMetadata]
    /// The ids of the topics. Nil if one of them isn't known; topics are then named.
    let topicIDs: [String: KafkaUUID]?
    /// Empty, with generation -1, if the committer isn't a member of the group.
    var memberID = ""
    var generation: Int32 = -1
    var instanceID: String?

    var doing: String { "adding offsets to a transaction" }

    /// Version 3 tells the group which member commits, so that a member that was left behind is refused (KIP-447). From version 5,
    /// the coordinator adds the group to the transaction (KIP-890), and version 6 names topics by their ids.
    var versions: ClosedRange<Int16> {
        switch self.version {
        case .v1: (self.generation >= 0 ? 3 : 0)...4
        case .v2: 5...(self.topicIDs == nil ? 5 : 6)
        }
    }

    func request(
        for partitions: [TopicPartition], to recipient: Recipient
    ) throws(KafkaError) -> TxnOffsetCommitRequest {
        var request = TxnOffsetCommitRequest()
        request.transactionalId = self.producer.transactionalID
        request.groupId = self.group
        request.producerId = self.producer.identity.id
        request.producerEpoch = self.producer.identity.epoch
        if self.generation >= 0 {
            request.generationIdOrMemberEpoch = self.generation
            request.memberId = self.memberID
            request.groupInstanceId = self.instanceID
        }
        request.topics = partitions.byTopic.map { name, own in
            var topic = TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic()
            if recipient.version >= 6 {
                topic.topicId = self.topicIDs?[name] ?? .zero
            } else {
                topic.name = name
            }
            topic.partitions = own.compactMap { partition in
                guard let offset = self.offsets[partition] else { return nil }
                var entry = TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition()
                entry.partitionIndex = partition.partition
                entry.committedOffset = offset.offset
                if recipient.version >= 2 { entry.committedLeaderEpoch = offset.leaderEpoch.map { max($0, -1) } ?? -1 }
                entry.committedMetadata = offset.metadata
                return entry
            }
            return topic
        }
        return request
    }

    func outcomes(
        of response: TxnOffsetCommitResponse, to partitions: [TopicPartition], from recipient: Recipient
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
