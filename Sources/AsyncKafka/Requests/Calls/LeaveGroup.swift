// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Removes a member from its group. Succeeds if the coordinator no longer knows the member.
struct LeaveGroupCall: GroupCall {
    typealias Request = LeaveGroupRequest

    var group: String
    var memberID: String
    var instanceID: String?
    var reason: String
    var patience: Duration?

    var doing: String { "leaving the group" }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> LeaveGroupRequest {
        var request = LeaveGroupRequest()
        request.groupId = self.group
        if recipient.version >= 3 {
            var member = LeaveGroupRequest.MemberIdentity()
            member.memberId = self.memberID
            member.groupInstanceId = self.instanceID
            if recipient.version >= 5 { member.reason = self.reason }
            request.members = [member]
        } else {
            request.memberId = self.memberID
        }
        return request
    }

    func outcomes(
        of response: LeaveGroupResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Void>] {
        let own = response.members.first?.errorCode ?? .none
        let code = response.errorCode != .none ? response.errorCode : own
        return self.outcome(code == .unknownMemberId ? .none : code, from: recipient, ())
    }
}
