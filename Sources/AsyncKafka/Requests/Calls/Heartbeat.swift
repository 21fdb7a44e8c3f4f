// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Keeps a member's session alive. The response says whether the group is rebalancing.
struct HeartbeatCall: GroupCall {
    typealias Request = HeartbeatRequest

    var group: String
    var memberID: String
    var generation: Int32
    var instanceID: String?
    var answerTimeout: Duration?
    /// Not that of the coordinator while a JoinGroup waits there for its answer.
    var purpose = ConnectionPurpose.coordinator

    var doing: String { "sending a heartbeat" }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> HeartbeatRequest {
        var request = HeartbeatRequest()
        request.groupId = self.group
        request.memberId = self.memberID
        request.generationId = self.generation
        if recipient.version >= 3 { request.groupInstanceId = self.instanceID }
        return request
    }

    func outcomes(
        of response: HeartbeatResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Void>] {
        self.outcome(response.errorCode, from: recipient, ())
    }
}
