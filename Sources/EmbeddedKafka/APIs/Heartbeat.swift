// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum HeartbeatEndpoint: Endpoint {
    static let name = "Heartbeat"

    static func access(_ request: HeartbeatRequest) -> Access { .needs(.read, .group(request.groupId)) }

    static func handle(_ request: HeartbeatRequest, _ call: Call) {
        self.fail(request, self.result(request, call), call)
    }

    private static func result(_ request: HeartbeatRequest, _ call: Call) -> ErrorCode {
        guard !request.groupId.isEmpty else { return .invalidGroupId }
        guard call.coordinatesGroup(request.groupId) else { return .notCoordinator }
        guard let group = call.cluster.groups[request.groupId] else { return .unknownMemberId }
        return group.heartbeat(
            memberID: request.memberId, instanceID: request.groupInstanceId, generation: request.generationId)
    }

    static func fail(_ request: HeartbeatRequest, _ error: ErrorCode, _ call: Call) {
        var response = HeartbeatResponse()
        response.errorCode = error
        call.answer(response)
    }
}
