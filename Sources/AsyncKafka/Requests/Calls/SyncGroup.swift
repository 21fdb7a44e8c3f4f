// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Fetches a member's assignment. The group leader's request also carries the assignments of all members.
struct SyncGroupCall: GroupCall {
    typealias Request = SyncGroupRequest

    var group: String
    var memberID: String
    var generation: Int32
    var instanceID: String?
    var protocolType: String
    /// The name of the assignor that the group has selected.
    var protocolName: String?
    /// The assignments computed by the group leader. Empty for other members.
    var assignments: [SyncGroupRequest.SyncGroupRequestAssignment]
    var answerTimeout: Duration?

    var doing: String { "taking the group's assignment" }
    var purpose: ConnectionPurpose { .coordinator }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> SyncGroupRequest {
        var request = SyncGroupRequest()
        request.groupId = self.group
        request.memberId = self.memberID
        request.generationId = self.generation
        request.assignments = self.assignments
        if recipient.version >= 3 { request.groupInstanceId = self.instanceID }
        if recipient.version >= 5 {
            request.protocolType = self.protocolType
            request.protocolName = self.protocolName
        }
        return request
    }

    func outcomes(
        of response: SyncGroupResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Bytes>] {
        self.outcome(response.errorCode, from: recipient, response.assignment)
    }
}
