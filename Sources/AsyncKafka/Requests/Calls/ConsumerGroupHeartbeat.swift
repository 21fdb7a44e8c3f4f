// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Joins a group of the consumer protocol (KIP-848), keeps the member's session alive, and leaves the group. The response has
/// the partitions that the member should own.
struct ConsumerGroupHeartbeatCall: GroupCall {
    typealias Request = ConsumerGroupHeartbeatRequest

    /// The epoch with which a member leaves.
    static let leaving: Int32 = -1
    /// The epoch with which a static member leaves that may return.
    static let leavingForNow: Int32 = -2

    /// An answer of the coordinator without an error.
    struct Answer: Sendable {
        var epoch: Int32
        var heartbeatInterval: Duration
        /// The partitions that the member should own; nil if they are unchanged.
        var target: Set<TopicIDPartition>?
    }

    var group: String
    var memberID: String
    var epoch: Int32
    var instanceID: String?
    /// What the coordinator doesn't know yet; nil if it is unchanged.
    var subscription: MemberSubscription?
    var owned: Set<TopicIDPartition>?
    /// Set in heartbeats that contain everything.
    var rebalanceTimeout: Duration?
    var serverAssignor: String?
    var rack: String?
    var answerTimeout: Duration?

    var purpose: ConnectionPurpose { .coordinator }

    var doing: String { "taking part in the group" }
    // In version 0, the coordinator chooses the member's id. Only previews of Kafka have no later one.
    var versions: ClosedRange<Int16> { 1...Request.validVersions.upperBound }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> Request {
        var request = Request()
        request.groupId = self.group
        request.memberId = self.memberID
        request.memberEpoch = self.epoch
        request.instanceId = self.instanceID
        request.rackId = self.rack
        request.rebalanceTimeoutMs = self.rebalanceTimeout?.wholeMilliseconds ?? -1
        request.serverAssignor = self.serverAssignor
        switch self.subscription {
        case .topics(let topics)?:
            request.subscribedTopicNames = topics.sorted()
            // An expression of an earlier subscription ends.
            request.subscribedTopicRegex = ""
        case .expression(let expression)?:
            request.subscribedTopicNames = []
            request.subscribedTopicRegex = expression
        case nil: break
        }
        request.topicPartitions = self.owned.map(Self.byTopic)
        return request
    }

    /// Whether a member that leaves isn't in the group anymore.
    private func isDone(_ code: ErrorCode) -> Bool {
        switch code {
        case .unknownMemberId, .groupIdNotFound, .fencedInstanceId, .fencedMemberEpoch: self.epoch < 0
        default: false
        }
    }

    private static func byTopic(_ partitions: Set<TopicIDPartition>) -> [Request.TopicPartitions] {
        Dictionary(grouping: partitions, by: \.topicID).map { id, partitions in
            var entry = Request.TopicPartitions()
            entry.topicId = id
            entry.partitions = partitions.map(\.partition).sorted()
            return entry
        }
    }

    func outcomes(
        of response: ConsumerGroupHeartbeatResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Answer>] {
        guard response.errorCode == .none || self.isDone(response.errorCode) else {
            return [
                OnlyItem(): self.refused(
                    response.errorCode, OnlyItem(), by: recipient, message: response.errorMessage)
            ]
        }
        return self.outcome(
            .none, from: recipient,
            Answer(
                epoch: response.memberEpoch, heartbeatInterval: .milliseconds(max(response.heartbeatIntervalMs, 1)),
                target: response.assignment.map { assignment in
                    Set(
                        assignment.topicPartitions.flatMap { entry in
                            entry.partitions.map { TopicIDPartition(entry.topicId, $0) }
                        })
                }))
    }
}
