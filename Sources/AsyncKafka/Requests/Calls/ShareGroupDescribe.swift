// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Describes share groups (KIP-932, Kafka 4.2).
struct ShareGroupDescribeCall: GroupsCall {
    typealias Request = ShareGroupDescribeRequest

    var includesAuthorizedOperations: Bool

    var doing: String { "describing share groups" }

    func request(for groups: [String], to recipient: Recipient) throws(KafkaError) -> ShareGroupDescribeRequest {
        var request = ShareGroupDescribeRequest()
        request.groupIds = groups
        request.includeAuthorizedOperations = self.includesAuthorizedOperations
        return request
    }

    func outcomes(
        of response: ShareGroupDescribeResponse, to groups: [String], from recipient: Recipient
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
        of group: ShareGroupDescribeResponse.DescribedGroup, _ recipient: Recipient
    ) -> GroupDescription {
        let members = group.members.map { member in
            GroupMember(
                id: member.memberId, rack: member.rackId, clientID: member.clientId, host: member.clientHost,
                epoch: member.memberEpoch, subscribedTopics: member.subscribedTopicNames.sorted(),
                assignment: member.assignment.topicPartitions.flatMap { topic in
                    topic.partitions.map { TopicPartition(topic.topicName, $0) }
                }.sorted(), isClassic: false)
        }
        return GroupDescription(
            id: group.groupId, type: .share, state: GroupState(rawValue: group.groupState), protocolType: "share",
            assignor: group.assignorName.isEmpty ? nil : group.assignorName, coordinator: recipient.identifiedBroker,
            epoch: group.groupEpoch, assignmentEpoch: group.assignmentEpoch, members: members.sorted { $0.id < $1.id },
            authorizedOperations: self.includesAuthorizedOperations ? Set(bits: group.authorizedOperations) : nil)
    }
}
