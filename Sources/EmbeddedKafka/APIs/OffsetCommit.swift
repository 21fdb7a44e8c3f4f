// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum OffsetCommitEndpoint: Endpoint {
    static let name = "OffsetCommit"

    /// The default of Kafka's offset.metadata.max.bytes.
    static let maximumMetadataBytes = 4096

    static func access(_ request: OffsetCommitRequest) -> Access { .needs(.read, .group(request.groupId)) }

    static func handle(_ request: OffsetCommitRequest, _ call: Call) {
        do throws(BrokerError) {
            let check = try self.check(request, call)
            for topic in request.topics {
                guard let known = self.topic(topic, call) else { continue }
                for part in topic.partitions {
                    // One partition that the sender may not commit refuses the whole request.
                    let error = check(GroupPartition(topic: known.id, index: part.partitionIndex))
                    guard error == .none else { throw BrokerError(error) }
                }
            }
        } catch {
            self.fail(request, error.code, call)
            return
        }
        let group = call.cluster.makeGroup(request.groupId)
        self.answer(request, call) { requested, part in
            let topic = self.topic(requested, call)
            if let name = topic?.name ?? (call.version < 10 ? requested.name : nil),
                !call.permits(.read, .topic(name))
            {
                return .topicAuthorizationFailed
            }
            guard let topic else { return call.version >= 10 ? .unknownTopicId : .unknownTopicOrPartition }
            guard topic.partition(part.partitionIndex) != nil else { return .unknownTopicOrPartition }
            let metadata = part.committedMetadata ?? ""
            guard metadata.utf8.count <= self.maximumMetadataBytes else { return .offsetMetadataTooLarge }
            group.commit(
                ConsumerGroup.CommittedOffset(
                    offset: part.committedOffset, leaderEpoch: part.committedLeaderEpoch, metadata: metadata),
                topic: topic.name, partition: part.partitionIndex)
            return .none
        }
    }

    private static func topic(_ requested: OffsetCommitRequest.OffsetCommitRequestTopic, _ call: Call) -> Topic? {
        call.version >= 10 ? call.cluster.topic(id: requested.topicId) : call.cluster.topic(requested.name)
    }

    /// Throws if the sender may not commit offsets of the group. Returns a check of each partition.
    private static func check(
        _ request: OffsetCommitRequest, _ call: Call
    ) throws(BrokerError) -> ConsumerGroup.CommitCheck {
        guard !request.groupId.isEmpty else { throw BrokerError(.invalidGroupId) }
        guard call.coordinatesGroup(request.groupId) else { throw BrokerError(.notCoordinator) }
        guard let group = call.cluster.groups[request.groupId] else {
            // A client that isn't a member can create a group by committing offsets.
            guard request.generationIdOrMemberEpoch < 0 else {
                throw BrokerError(call.version >= 9 ? .groupIdNotFound : .illegalGeneration)
            }
            return { _ in .none }
        }
        return try group.commitCheck(
            memberID: request.memberId, instanceID: request.groupInstanceId,
            generation: request.generationIdOrMemberEpoch, version: call.version)
    }

    private static func answer(
        _ request: OffsetCommitRequest, _ call: Call,
        _ commit: (OffsetCommitRequest.OffsetCommitRequestTopic, OffsetCommitRequest.OffsetCommitRequestPartition)
            -> ErrorCode
    ) {
        var response = OffsetCommitResponse()
        for topic in request.topics {
            var result = OffsetCommitResponse.OffsetCommitResponseTopic()
            result.name = topic.name
            result.topicId = topic.topicId
            result.partitions = topic.partitions.map {
                var part = OffsetCommitResponse.OffsetCommitResponsePartition()
                part.partitionIndex = $0.partitionIndex
                part.errorCode = commit(topic, $0)
                return part
            }
            response.topics.append(result)
        }
        call.answer(response)
    }

    static func fail(_ request: OffsetCommitRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _, _ in error }
    }
}
