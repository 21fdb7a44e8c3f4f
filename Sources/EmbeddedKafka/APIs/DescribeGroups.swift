// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DescribeGroupsEndpoint: Endpoint {
    static let name = "DescribeGroups"

    static func access(_ request: DescribeGroupsRequest) -> Access { .byItem }

    static func handle(_ request: DescribeGroupsRequest, _ call: Call) {
        self.answer(request, call) { name in
            guard call.permits(.describe, .group(name)) else { return .groupAuthorizationFailed }
            guard !name.isEmpty else { return .invalidGroupId }
            return call.coordinatesGroup(name) ? .none : .notCoordinator
        }
    }

    private static func answer(_ request: DescribeGroupsRequest, _ call: Call, _ refusal: (String) -> ErrorCode) {
        var response = DescribeGroupsResponse()
        response.groups = request.groups.map { name in
            var described = DescribeGroupsResponse.DescribedGroup()
            described.groupId = name
            described.errorCode = refusal(name)
            guard described.errorCode == .none else { return described }
            guard let known = call.cluster.groups[name], known.kind == .classic else {
                described.groupState = ClassicGroup.State.dead.rawValue
                if call.version >= 6 {
                    described.errorCode = .groupIdNotFound
                    described.errorMessage = "Group '\(name)' is not there."
                }
                return described
            }
            let group = known.classic
            described.groupState = group.state.rawValue
            if request.includeAuthorizedOperations {
                described.authorizedOperations = call.permittedOperations(on: .group(name))
            }
            described.protocolType = group.protocolType ?? ""
            let isStable = group.state == .stable
            described.protocolData = isStable ? group.protocolName ?? "" : ""
            described.members = group.members.map { member in
                var shown = DescribeGroupsResponse.DescribedGroupMember()
                shown.memberId = member.id
                shown.groupInstanceId = member.instanceID
                shown.clientId = member.clientID
                shown.clientHost = member.clientHost
                if isStable {
                    shown.memberMetadata = member.metadata(for: group.protocolName ?? "")
                    shown.memberAssignment = member.assignment
                }
                return shown
            }
            return described
        }
        call.answer(response)
    }

    static func fail(_ request: DescribeGroupsRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _ in error }
    }
}
