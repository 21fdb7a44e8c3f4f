// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum ConsumerGroupHeartbeatEndpoint: Endpoint {
    static let name = "ConsumerGroupHeartbeat"

    static func access(_ request: ConsumerGroupHeartbeatRequest) -> Access { .needs(.read, .group(request.groupId)) }

    static func handle(_ request: ConsumerGroupHeartbeatRequest, _ call: Call) {
        do throws(BrokerError) {
            for topic in Set(request.subscribedTopicNames ?? []) { try call.require(.describe, .topic(topic)) }
            call.answer(try self.response(request, call))
        } catch {
            self.fail(error, call)
        }
    }

    private static func response(
        _ request: ConsumerGroupHeartbeatRequest, _ call: Call
    ) throws(BrokerError) -> ConsumerGroupHeartbeatResponse {
        guard call.cluster.level(of: .groupVersion) >= 1 else {
            throw BrokerError(.unsupportedVersion, "The cluster has no groups of the consumer protocol.")
        }
        try self.check(request, call)
        guard call.coordinatesGroup(request.groupId) else { throw BrokerError(.notCoordinator) }
        let heartbeat = try self.heartbeat(request, call)
        let isJoining = heartbeat.epoch == EpochGroup.Epoch.joining
        let isNew = call.cluster.groups[request.groupId] == nil
        guard let group = isJoining ? call.cluster.makeGroup(request.groupId) : call.cluster.groups[request.groupId]
        else {
            throw BrokerError(.groupIdNotFound, "There is no group \(request.groupId).")
        }
        let answer: EpochGroup.HeartbeatAnswer
        do throws(BrokerError) {
            answer = try group.heartbeat(heartbeat) { call.permits(.describe, .topic($0)) }
        } catch {
            if isNew { call.cluster.groups[request.groupId] = nil }
            throw error
        }
        var response = ConsumerGroupHeartbeatResponse()
        response.memberId = answer.memberID
        response.memberEpoch = answer.epoch
        if answer.epoch >= 0 {
            response.heartbeatIntervalMs = Int32(clamping: group.epochs.limits.heartbeatInterval)
        }
        response.assignment = answer.assignment.map { partitions in
            var assignment = ConsumerGroupHeartbeatResponse.Assignment()
            for partition in partitions {
                if assignment.topicPartitions.last?.topicId != partition.topic {
                    var topic = ConsumerGroupHeartbeatResponse.TopicPartitions()
                    topic.topicId = partition.topic
                    assignment.topicPartitions.append(topic)
                }
                assignment.topicPartitions[assignment.topicPartitions.count - 1].partitions.append(partition.index)
            }
            return assignment
        }
        return response
    }

    /// Throws if the fields don't fit each other or the epoch.
    private static func check(_ request: ConsumerGroupHeartbeatRequest, _ call: Call) throws(BrokerError) {
        func require(_ condition: Bool, _ message: String) throws(BrokerError) {
            guard condition else { throw BrokerError(.invalidRequest, message) }
        }
        let epoch = request.memberEpoch
        if call.version >= 1 || epoch > 0 || epoch == EpochGroup.Epoch.leaving {
            try require(!request.memberId.isEmpty, "A member must have an ID.")
        }
        try require(!request.groupId.isEmpty, "A group must have an ID.")
        try require(request.instanceId?.isEmpty != true, "An instance ID can't be empty.")
        try require(request.rackId?.isEmpty != true, "A rack can't be empty.")
        try require(epoch >= EpochGroup.Epoch.leavingForAWhile, "There is no epoch \(epoch).")
        if epoch == EpochGroup.Epoch.leavingForAWhile {
            try require(request.instanceId != nil, "Only a static member can leave for a while.")
        }
        if epoch == EpochGroup.Epoch.joining {
            try require(request.rebalanceTimeoutMs != -1, "A member that joins must have a rebalance timeout.")
            try require(
                request.topicPartitions?.isEmpty == true, "A member that joins has an empty list of partitions.")
            try require(
                request.subscribedTopicNames != nil || request.subscribedTopicRegex != nil,
                "A member that joins must have a subscription.")
        }
    }

    private static func heartbeat(
        _ request: ConsumerGroupHeartbeatRequest, _ call: Call
    ) throws(BrokerError) -> EpochGroup.Heartbeat {
        var heartbeat = EpochGroup.Heartbeat(
            memberID: request.memberId, instanceID: request.instanceId, epoch: request.memberEpoch,
            rack: request.rackId, topics: request.subscribedTopicNames.map(Set.init),
            pattern: request.subscribedTopicRegex, clientID: call.clientID,
            clientHost: call.connection.clientHost)
        if request.rebalanceTimeoutMs != -1 { heartbeat.rebalanceTimeout = Int64(request.rebalanceTimeoutMs) }
        heartbeat.owned = request.topicPartitions.map { topics in
            Set(topics.flatMap { topic in topic.partitions.map { GroupPartition(topic: topic.topicId, index: $0) } })
        }
        if let name = request.serverAssignor {
            guard let assignor = GroupAssignor(rawValue: name) else {
                throw BrokerError(
                    .unsupportedAssignor,
                    "There is no assignor \(name), but \(GroupAssignor.allCases.map(\.rawValue).joined(separator: ", "))."
                )
            }
            heartbeat.assignor = assignor
        }
        return heartbeat
    }

    private static func fail(_ error: BrokerError, _ call: Call) {
        var response = ConsumerGroupHeartbeatResponse()
        response.errorCode = error.code
        response.errorMessage = error.message
        call.answer(response)
    }

    static func fail(_ request: ConsumerGroupHeartbeatRequest, _ error: ErrorCode, _ call: Call) {
        self.fail(BrokerError(error), call)
    }
}
