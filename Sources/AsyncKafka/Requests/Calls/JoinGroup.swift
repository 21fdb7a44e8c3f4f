// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Joins a group's next generation. The coordinator answers when all members have joined.
struct JoinGroupCall: GroupCall {
    typealias Request = JoinGroupRequest

    /// An assignor that the member supports, with the subscription metadata for the group's leader.
    struct OfferedProtocol: Sendable {
        var name: String
        var metadata: Bytes
    }

    enum Answer: Sendable {
        case joined(JoinGroupResponse)
        /// The member must join again with this id (KIP-394).
        case memberIDRequired(String)
    }

    var group: String
    /// Empty for a member without an id.
    var memberID: String
    var instanceID: String?
    var sessionTimeout: Duration
    var rebalanceTimeout: Duration
    /// The protocol type of the group: "consumer".
    var protocolType: String
    var protocols: [OfferedProtocol]
    var reason: String
    var answerTimeout: Duration?

    var doing: String { "joining the group" }
    var purpose: ConnectionPurpose { .coordinator }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> JoinGroupRequest {
        // Silently dropping the instance id would cause a rebalance at every restart, which it is meant to avoid.
        guard recipient.version >= 5 || self.instanceID == nil else {
            throw KafkaError(
                .unsupportedVersion,
                "The broker is too old for static members (groupInstanceID), which need Kafka 2.3: leave it nil.",
                group: self.group)
        }
        var request = JoinGroupRequest()
        request.groupId = self.group
        request.sessionTimeoutMs = self.sessionTimeout.wholeMilliseconds
        if recipient.version >= 1 { request.rebalanceTimeoutMs = self.rebalanceTimeout.wholeMilliseconds }
        request.memberId = self.memberID
        request.groupInstanceId = self.instanceID
        request.protocolType = self.protocolType
        if recipient.version >= 8 { request.reason = self.reason }
        request.protocols = self.protocols.map { offered in
            var entry = JoinGroupRequest.JoinGroupRequestProtocol()
            entry.name = offered.name
            entry.metadata = offered.metadata
            return entry
        }
        return request
    }

    func outcomes(
        of response: JoinGroupResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Answer>] {
        switch response.errorCode {
        case .memberIdRequired where !response.memberId.isEmpty:
            return [OnlyItem(): .done(.memberIDRequired(response.memberId))]
        case .none where response.memberId.isEmpty || response.generationId < 0:
            return [
                OnlyItem(): .again(
                    KafkaError(
                        .protocolError, "The coordinator let a member join without an id or a generation.",
                        broker: recipient.broker.description, group: self.group, isRetriable: true))
            ]
        default:
            return self.outcome(response.errorCode, from: recipient, .joined(response))
        }
    }
}
