// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum OffsetDeleteEndpoint: Endpoint {
    static let name = "OffsetDelete"

    static func access(_ request: OffsetDeleteRequest) -> Access { .needs(.delete, .group(request.groupId)) }

    static func handle(_ request: OffsetDeleteRequest, _ call: Call) {
        guard !request.groupId.isEmpty else { return self.fail(request, .invalidGroupId, call) }
        guard call.coordinatesGroup(request.groupId) else { return self.fail(request, .notCoordinator, call) }
        guard let group = call.cluster.groups[request.groupId] else {
            return self.fail(request, .groupIdNotFound, call)
        }
        if let refusal = group.refusalToDeleteOffsets { return self.fail(request, refusal, call) }
        var response = OffsetDeleteResponse()
        response.topics = request.topics.map { topic in
            var result = OffsetDeleteResponse.OffsetDeleteResponseTopic()
            result.name = topic.name
            result.partitions = topic.partitions.map { partition in
                var part = OffsetDeleteResponse.OffsetDeleteResponsePartition()
                part.partitionIndex = partition.partitionIndex
                if !call.permits(.read, .topic(topic.name)) {
                    part.errorCode = .topicAuthorizationFailed
                } else if call.cluster.topic(topic.name)?.partition(partition.partitionIndex) == nil {
                    part.errorCode = .unknownTopicOrPartition
                } else if group.isSubscribed(to: topic.name) {
                    part.errorCode = .groupSubscribedToTopic
                } else {
                    group.forget(topic: topic.name, partition: partition.partitionIndex)
                }
                return part
            }
            return result
        }
        call.answer(response)
    }

    static func fail(_ request: OffsetDeleteRequest, _ error: ErrorCode, _ call: Call) {
        var response = OffsetDeleteResponse()
        response.errorCode = error
        call.answer(response)
    }
}
