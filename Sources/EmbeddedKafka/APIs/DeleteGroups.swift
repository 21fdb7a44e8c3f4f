// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DeleteGroupsEndpoint: Endpoint {
    static let name = "DeleteGroups"

    static func access(_ request: DeleteGroupsRequest) -> Access { .byItem }

    static func handle(_ request: DeleteGroupsRequest, _ call: Call) {
        self.answer(request, call) { name in
            guard call.permits(.delete, .group(name)) else { return .groupAuthorizationFailed }
            guard call.coordinatesGroup(name) else { return .notCoordinator }
            guard let group = call.cluster.groups[name] else { return .groupIdNotFound }
            let error = group.delete()
            if error == .none { call.cluster.groups[name] = nil }
            return error
        }
    }

    private static func answer(_ request: DeleteGroupsRequest, _ call: Call, _ delete: (String) -> ErrorCode) {
        var response = DeleteGroupsResponse()
        response.results = request.groupsNames.map { name in
            var result = DeleteGroupsResponse.DeletableGroupResult()
            result.groupId = name
            result.errorCode = delete(name)
            return result
        }
        call.answer(response)
    }

    static func fail(_ request: DeleteGroupsRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _ in error }
    }
}
