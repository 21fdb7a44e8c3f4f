// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Describes classic groups.
struct DescribeGroupsCall: GroupsCall {
    typealias Request = DescribeGroupsRequest

    var includesAuthorizedOperations: Bool

    var doing: String { "describing classic groups" }

    func request(for groups: [String], to recipient: Recipient) throws(KafkaError) -> DescribeGroupsRequest {
        var request = DescribeGroupsRequest()
        request.groups = groups
        if recipient.version >= 3 { request.includeAuthorizedOperations = self.includesAuthorizedOperations }
        return request
    }

    func outcomes(
        of response: DescribeGroupsResponse, to groups: [String], from recipient: Recipient
    ) -> [String: CallOutcome<GroupDescription>] {
        var outcomes: [String: CallOutcome<GroupDescription>] = [:]
        for group in response.groups {
            // Below version 6 (Kafka 4.0), a group that doesn't exist is described as dead.
            let isMissing = group.errorCode == .none && group.groupState == "Dead" && group.protocolType.isEmpty
            let code = isMissing ? .groupIdNotFound : group.errorCode
            outcomes[group.groupId] =
                code == .none
                ? .done(self.description(of: group, recipient))
                : self.refused(code, group.groupId, by: recipient, message: group.errorMessage)
        }
        return outcomes
    }

    private func description(
        of group: DescribeGroupsResponse.DescribedGroup, _ recipient: Recipient
    ) -> GroupDescription {
        let isOfConsumers = group.protocolType == "consumer"
        let members = group.members.map { member in
            // Another client may encode what it likes. Such members are shown without topics and partitions.
            let subscription = isOfConsumers ? try? ConsumerProtocolSubscription(ofMember: member.memberMetadata) : nil
            let assignment = isOfConsumers ? try? ConsumerProtocolAssignment(ofMember: member.memberAssignment) : nil
            let partitions = assignment?.assignedPartitions.flatMap { topic in
                topic.partitions.map { TopicPartition(topic.topic, $0) }
            }
            return GroupMember(
                id: member.memberId, instanceID: member.groupInstanceId, clientID: member.clientId,
                host: member.clientHost, subscribedTopics: subscription?.topics.sorted() ?? [],
                assignment: partitions?.sorted() ?? [], isClassic: true)
        }
        return GroupDescription(
            id: group.groupId, type: .classic, state: GroupState(rawValue: group.groupState),
            protocolType: group.protocolType, assignor: group.protocolData.isEmpty ? nil : group.protocolData,
            coordinator: recipient.identifiedBroker, members: members.sorted { $0.id < $1.id },
            authorizedOperations: self.includesAuthorizedOperations ? Set(bits: group.authorizedOperations) : nil)
    }
}
