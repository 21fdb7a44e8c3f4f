// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum LeaveGroupEndpoint: Endpoint {
    static let name = "LeaveGroup"

    static func access(_ request: LeaveGroupRequest) -> Access { .needs(.read, .group(request.groupId)) }

    static func handle(_ request: LeaveGroupRequest, _ call: Call) {
        guard !request.groupId.isEmpty else {
            self.fail(request, .invalidGroupId, call)
            return
        }
        guard call.coordinatesGroup(request.groupId) else {
            self.fail(request, .notCoordinator, call)
            return
        }
        let members = self.members(request, call)
        guard let group = call.cluster.groups[request.groupId] else {
            self.answer(members.map { ($0, .unknownMemberId) }, call)
            return
        }
        let results = group.leave(
            members.map { ClassicGroup.Leaver(memberID: $0.memberId, instanceID: $0.groupInstanceId) })
        self.answer(Array(zip(members, results)), call)
    }

    private static func members(
        _ request: LeaveGroupRequest, _ call: Call
    ) -> [LeaveGroupRequest.MemberIdentity] {
        guard call.version < 3 else { return request.members }
        var member = LeaveGroupRequest.MemberIdentity()
        member.memberId = request.memberId
        return [member]
    }

    private static func answer(_ results: [(LeaveGroupRequest.MemberIdentity, ErrorCode)], _ call: Call) {
        var response = LeaveGroupResponse()
        if call.version >= 3 {
            response.members = results.map { member, error in
                var result = LeaveGroupResponse.MemberResponse()
                result.memberId = member.memberId
                result.groupInstanceId = member.groupInstanceId
                result.errorCode = error
                return result
            }
        } else {
            response.errorCode = results.first?.1 ?? .none
        }
        call.answer(response)
    }

    static func fail(_ request: LeaveGroupRequest, _ error: ErrorCode, _ call: Call) {
        var response = LeaveGroupResponse()
        response.errorCode = error
        call.answer(response)
    }
}
