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
    let commit: OffsetsToCommit

    var group: String { self.commit.identity.group }

    var doing: String { "adding offsets to a transaction" }

    /// Version 3 tells the group which member commits, so that a member that was left behind is refused (KIP-447). From version 5,
    /// the coordinator adds the group to the transaction (KIP-890), and version 6 names topics by their ids.
    var versions: ClosedRange<Int16> {
        switch self.version {
        case .v1: (self.commit.identity.isMember ? 3 : 0)...4
        case .v2: 5...(self.commit.topicIDs == nil ? 5 : 6)
        }
    }

    func request(
        for partitions: [TopicPartition], to recipient: Recipient
    ) throws(KafkaError) -> TxnOffsetCommitRequest {
        let identity = self.commit.identity
        var request = TxnOffsetCommitRequest()
        request.transactionalId = self.producer.transactionalID
        request.groupId = identity.group
        request.producerId = self.producer.identity.id
        request.producerEpoch = self.producer.identity.epoch
        if identity.isMember {
            request.generationIdOrMemberEpoch = identity.epoch
            request.memberId = identity.memberID
            request.groupInstanceId = identity.instanceID
        }
        request.topics = partitions.byTopic.map { name, own in
            var topic = TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic()
            if recipient.version >= 6 {
                topic.topicId = self.commit.topicIDs?[name] ?? .zero
            } else {
                topic.name = name
            }
            topic.partitions = own.compactMap { partition in
                guard let offset = self.commit.offsets[partition] else { return nil }
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
        let names = Dictionary((self.commit.topicIDs ?? [:]).map { ($0.value, $0.key) }) { $1 }
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
