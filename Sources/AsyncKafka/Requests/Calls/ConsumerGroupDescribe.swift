// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Describes consumer groups whose coordinator assigns the partitions (KIP-848, Kafka 4.0).
struct ConsumerGroupDescribeCall: GroupsCall {
    typealias Request = ConsumerGroupDescribeRequest

    var includesAuthorizedOperations: Bool

    var doing: String { "describing consumer groups" }

    func request(for groups: [String], to recipient: Recipient) throws(KafkaError) -> ConsumerGroupDescribeRequest {
        var request = ConsumerGroupDescribeRequest()
        request.groupIds = groups
        request.includeAuthorizedOperations = self.includesAuthorizedOperations
        return request
    }

    func outcomes(
        of response: ConsumerGroupDescribeResponse, to groups: [String], from recipient: Recipient
    ) -> [String: CallOutcome<GroupDescription>] {
        var outcomes: [String: CallOutcome<GroupDescription>] = [:]
        for group in response.groups {
            outcomes[group.groupId] =
                group.errorCode == .none
                ? .done(self.description(of: group, recipient))
                : self.refused(group.errorCode, group.groupId, by: recipient, message: group.errorMessage)
        }
        return outcomes
    }

    private func description(
        of group: ConsumerGroupDescribeResponse.DescribedGroup, _ recipient: Recipient
    ) -> GroupDescription {
        let members = group.members.map { member in
            GroupMember(
                id: member.memberId, instanceID: member.instanceId, rack: member.rackId, clientID: member.clientId,
                host: member.clientHost, epoch: member.memberEpoch,
                subscribedTopics: member.subscribedTopicNames.sorted(),
                subscribedPattern: member.subscribedTopicRegex.flatMap { $0.isEmpty ? nil : $0 },
                assignment: self.partitions(member.assignment),
                targetAssignment: self.partitions(member.targetAssignment),
                isClassic: member.memberType < 0 ? nil : member.memberType == 0)
        }
        return GroupDescription(
            id: group.groupId, type: .consumer, state: GroupState(rawValue: group.groupState), protocolType: "consumer",
            assignor: group.assignorName.isEmpty ? nil : group.assignorName, coordinator: recipient.identifiedBroker,
            epoch: group.groupEpoch, assignmentEpoch: group.assignmentEpoch, members: members.sorted { $0.id < $1.id },
            authorizedOperations: self.includesAuthorizedOperations ? Set(bits: group.authorizedOperations) : nil)
    }

    private func partitions(_ assignment: ConsumerGroupDescribeResponse.Assignment) -> [TopicPartition] {
        assignment.topicPartitions.flatMap { topic in
            topic.partitions.map { TopicPartition(topic.topicName, $0) }
        }.sorted()
    }
}
