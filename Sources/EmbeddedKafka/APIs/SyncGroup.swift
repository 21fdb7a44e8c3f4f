// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum SyncGroupEndpoint: Endpoint {
    static let name = "SyncGroup"

    static func access(_ request: SyncGroupRequest) -> Access { .needs(.read, .group(request.groupId)) }

    static func handle(_ request: SyncGroupRequest, _ call: Call) {
        guard !request.groupId.isEmpty else {
            self.fail(request, .invalidGroupId, call)
            return
        }
        guard call.coordinatesGroup(request.groupId) else {
            self.fail(request, .notCoordinator, call)
            return
        }
        guard let group = call.cluster.groups[request.groupId] else {
            self.fail(request, .unknownMemberId, call)
            return
        }
        let sync = ClassicGroup.SyncRequest(
            memberID: request.memberId, instanceID: request.groupInstanceId, generation: request.generationId,
            protocolType: request.protocolType, protocolName: request.protocolName,
            assignments: Dictionary(request.assignments.map { ($0.memberId, $0.assignment) }) { _, last in last })
        group.sync(sync) { answer in
            var response = SyncGroupResponse()
            response.errorCode = answer.error
            response.protocolType = answer.protocolType
            response.protocolName = answer.protocolName
            response.assignment = answer.assignment
            call.answer(response)
        }
    }

    static func fail(_ request: SyncGroupRequest, _ error: ErrorCode, _ call: Call) {
        var response = SyncGroupResponse()
        response.errorCode = error
        call.answer(response)
    }
}
