// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum JoinGroupEndpoint: Endpoint {
    static let name = "JoinGroup"

    static func access(_ request: JoinGroupRequest) -> Access { .needs(.read, .group(request.groupId)) }

    static func handle(_ request: JoinGroupRequest, _ call: Call) {
        guard !request.groupId.isEmpty else {
            self.fail(request, .invalidGroupId, call)
            return
        }
        guard call.coordinatesGroup(request.groupId) else {
            self.fail(request, .notCoordinator, call)
            return
        }
        // A request with a member ID must refer to an existing group.
        guard request.memberId.isEmpty || call.cluster.groups[request.groupId] != nil else {
            self.fail(request, .unknownMemberId, call)
            return
        }
        let join = ClassicGroup.JoinRequest(
            memberID: request.memberId, instanceID: request.groupInstanceId, clientID: call.clientID,
            clientHost: call.connection.clientHost, sessionTimeout: Int64(request.sessionTimeoutMs),
            rebalanceTimeout: Int64(call.version >= 1 ? request.rebalanceTimeoutMs : request.sessionTimeoutMs),
            protocolType: request.protocolType,
            // A copy, so that the bytes don't keep the whole request in memory.
            protocols: request.protocols.map {
                ClassicGroup.Supported(name: $0.name, metadata: $0.metadata.detached())
            },
            requiresKnownMemberID: call.version >= 4, canSkipAssignment: call.version >= 9)
        call.cluster.makeGroup(request.groupId).join(join, isVisible: { call.permits(.describe, .topic($0)) }) {
            answer in
            var response = self.response(answer.memberID, answer.error, call)
            response.generationId = answer.generation
            response.protocolType = answer.protocolType
            response.protocolName = answer.protocolName ?? (call.version >= 7 ? nil : "")
            response.leader = answer.leaderID
            response.skipAssignment = answer.skipsAssignment
            response.members = answer.members.map {
                var member = JoinGroupResponse.JoinGroupResponseMember()
                member.memberId = $0.id
                member.groupInstanceId = $0.instanceID
                member.metadata = $0.metadata
                return member
            }
            call.answer(response)
        }
    }

    private static func response(_ memberID: String, _ error: ErrorCode, _ call: Call) -> JoinGroupResponse {
        var response = JoinGroupResponse()
        response.errorCode = error
        response.memberId = memberID
        response.protocolName = call.version >= 7 ? nil : ""
        return response
    }

    static func fail(_ request: JoinGroupRequest, _ error: ErrorCode, _ call: Call) {
        call.answer(self.response(request.memberId, error, call))
    }
}
