// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum TxnOffsetCommitEndpoint: Endpoint {
    static let name = "TxnOffsetCommit"

    static func access(_ request: TxnOffsetCommitRequest) -> Access {
        .needs(.write, .transactionalID(request.transactionalId))
    }

    static func handle(_ request: TxnOffsetCommitRequest, _ call: Call) {
        guard call.permits(.read, .group(request.groupId)) else {
            return self.fail(request, .groupAuthorizationFailed, call)
        }
        let items = request.topics.flatMap { topic in
            topic.partitions.map { self.check(topic, $0, call) }
        }
        let refusal = self.refusal(request, items.filter { $0.error == .none }, call)
        let group = refusal == nil ? call.cluster.makeGroup(request.groupId) : nil
        self.answer(request, call) { index in
            let item = items[index]
            guard item.error == .none else { return item.error }
            group?.commit(
                item.offset, topic: item.topic, partition: item.partition,
                with: .init(id: request.producerId, epoch: request.producerEpoch))
            return refusal ?? .none
        }
    }

    /// An offset to commit, or the error of its partition.
    private struct Item {
        var error = ErrorCode.none
        var topic = ""
        var topicID = KafkaUUID.zero
        var partition: Int32
        var offset: ConsumerGroup.CommittedOffset
    }

    private static func check(
        _ requested: TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic,
        _ part: TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition, _ call: Call
    ) -> Item {
        var item = Item(
            partition: part.partitionIndex,
            offset: ConsumerGroup.CommittedOffset(
                offset: part.committedOffset, leaderEpoch: part.committedLeaderEpoch,
                metadata: part.committedMetadata ?? ""))
        let usesIDs = call.version >= 6
        let topic = usesIDs ? call.cluster.topic(id: requested.topicId) : call.cluster.topic(requested.name)
        if let name = topic?.name ?? (usesIDs ? nil : requested.name), !call.permits(.read, .topic(name)) {
            item.error = .topicAuthorizationFailed
        } else if let topic {
            item.topic = topic.name
            item.topicID = topic.id
            if topic.partition(part.partitionIndex) == nil {
                item.error = .unknownTopicOrPartition
            } else if item.offset.metadata.utf8.count > OffsetCommitEndpoint.maximumMetadataBytes {
                item.error = .offsetMetadataTooLarge
            }
        } else {
            item.error = usesIDs ? .unknownTopicId : .unknownTopicOrPartition
        }
        return item
    }

    private static func refusal(_ request: TxnOffsetCommitRequest, _ commits: [Item], _ call: Call) -> ErrorCode? {
        do throws(BrokerError) {
            guard !request.groupId.isEmpty else { throw BrokerError(.invalidGroupId) }
            guard call.coordinatesGroup(request.groupId) else { throw BrokerError(.notCoordinator) }
            guard !commits.isEmpty else { return nil }
            try self.admit(request, call)
            let check = try self.check(request, call)
            for item in commits {
                let error = check(GroupPartition(topic: item.topicID, index: item.partition))
                guard error == .none else { throw BrokerError(error) }
            }
            return nil
        } catch {
            return error.code
        }
    }

    /// Lets the offsets into the producer's transaction, unless it has offsets of the group already.
    private static func admit(_ request: TxnOffsetCommitRequest, _ call: Call) throws(BrokerError) {
        let pending = call.cluster.groups[request.groupId]?.pendingOffsets[request.producerId]
        guard pending?.epoch != request.producerEpoch else { return }
        try call.cluster.transactions.admit(
            .init(id: request.producerId, epoch: request.producerEpoch), of: request.transactionalId,
            to: .init(topic: OffsetsTopic.name, partition: OffsetsTopic.partition(of: request.groupId)),
            adds: call.version >= 5, knowsAbortable: call.version >= 4)
    }

    /// Throws if the sender may not commit offsets of the group. Returns a check of each partition.
    private static func check(
        _ request: TxnOffsetCommitRequest, _ call: Call
    ) throws(BrokerError) -> ConsumerGroup.CommitCheck {
        guard let group = call.cluster.groups[request.groupId] else {
            guard request.generationIdOrMemberEpoch < 0 else {
                throw BrokerError(call.version >= 6 ? .groupIdNotFound : .illegalGeneration)
            }
            return { _ in .none }
        }
        return try group.transactionalCommitCheck(
            memberID: request.memberId, instanceID: request.groupInstanceId,
            generation: request.generationIdOrMemberEpoch, version: call.version)
    }

    /// Answers with the error of each partition, by its index among all of the request.
    private static func answer(_ request: TxnOffsetCommitRequest, _ call: Call, _ commit: (Int) -> ErrorCode) {
        var response = TxnOffsetCommitResponse()
        var index = 0
        for topic in request.topics {
            var result = TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic()
            result.name = topic.name
            result.topicId = topic.topicId
            for requested in topic.partitions {
                var part = TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition()
                part.partitionIndex = requested.partitionIndex
                part.errorCode = commit(index)
                result.partitions.append(part)
                index += 1
            }
            response.topics.append(result)
        }
        call.answer(response)
    }

    static func fail(_ request: TxnOffsetCommitRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _ in error }
    }
}
