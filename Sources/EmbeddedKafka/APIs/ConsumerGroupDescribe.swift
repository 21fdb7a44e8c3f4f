// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum ConsumerGroupDescribeEndpoint: Endpoint {
    static let name = "ConsumerGroupDescribe"

    static func access(_ request: ConsumerGroupDescribeRequest) -> Access { .byItem }

    static func handle(_ request: ConsumerGroupDescribeRequest, _ call: Call) {
        self.answer(request, call) { name throws(BrokerError) in
            guard call.cluster.level(of: .groupVersion) >= 1 else { throw BrokerError(.unsupportedVersion) }
            try call.require(.describe, .group(name))
            guard !name.isEmpty else { throw BrokerError(.invalidGroupId) }
            guard call.coordinatesGroup(name) else { throw BrokerError(.notCoordinator) }
            guard let group = call.cluster.groups[name], group.kind == .consumer else {
                throw BrokerError(.groupIdNotFound, "There is no group \(name) of the consumer protocol.")
            }
            return group.epochs
        }
    }

    private static func answer(
        _ request: ConsumerGroupDescribeRequest, _ call: Call, _ find: (String) throws(BrokerError) -> EpochGroup
    ) {
        var response = ConsumerGroupDescribeResponse()
        response.groups = request.groupIds.map { name in
            do throws(BrokerError) {
                var described = try self.describe(try find(name), call)
                described.groupId = name
                if request.includeAuthorizedOperations {
                    described.authorizedOperations = call.permittedOperations(on: .group(name))
                }
                return described
            } catch {
                var refused = ConsumerGroupDescribeResponse.DescribedGroup()
                refused.groupId = name
                refused.errorCode = error.code
                refused.errorMessage = error.message
                return refused
            }
        }
        call.answer(response)
    }

    private static func describe(
        _ group: EpochGroup, _ call: Call
    ) throws(BrokerError) -> ConsumerGroupDescribeResponse.DescribedGroup {
        var described = ConsumerGroupDescribeResponse.DescribedGroup()
        described.groupState = group.state.rawValue
        described.groupEpoch = group.epoch
        described.assignmentEpoch = group.assignmentEpoch
        described.assignorName = group.assignor.rawValue
        described.members = group.membersInOrder.map { member in
            var shown = ConsumerGroupDescribeResponse.Member()
            shown.memberId = member.id
            shown.instanceId = member.instanceID
            shown.rackId = member.rack
            shown.memberEpoch = member.epoch
            shown.clientId = member.clientID
            shown.clientHost = member.clientHost
            shown.subscribedTopicNames = member.topics.sorted()
            shown.subscribedTopicRegex = member.pattern ?? ""
            shown.assignment = self.assignment(Set(member.assigned.keys).union(member.revoking.keys), call)
            shown.targetAssignment = self.assignment(group.target[member.id] ?? [], call)
            if call.version >= 1 { shown.memberType = member.classic == nil ? 1 : 0 }
            return shown
        }
        for member in described.members {
            let topics = member.assignment.topicPartitions + member.targetAssignment.topicPartitions
            for topic in Set(topics.map(\.topicName)) {
                guard call.permits(.describe, .topic(topic)) else {
                    throw BrokerError(
                        .topicAuthorizationFailed, "The group has topics that the client may not describe.")
                }
            }
        }
        return described
    }

    /// Partitions of deleted topics are left out.
    private static func assignment(
        _ partitions: Set<GroupPartition>, _ call: Call
    ) -> ConsumerGroupDescribeResponse.Assignment {
        var assignment = ConsumerGroupDescribeResponse.Assignment()
        for (id, partitions) in Dictionary(grouping: partitions, by: \.topic) {
            guard let name = call.cluster.topic(id: id)?.name else { continue }
            var topic = ConsumerGroupDescribeResponse.TopicPartitions()
            topic.topicId = id
            topic.topicName = name
            topic.partitions = partitions.map(\.index).sorted()
            assignment.topicPartitions.append(topic)
        }
        assignment.topicPartitions.sort { $0.topicName < $1.topicName }
        return assignment
    }

    static func fail(_ request: ConsumerGroupDescribeRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _ throws(BrokerError) in throw BrokerError(error) }
    }
}
