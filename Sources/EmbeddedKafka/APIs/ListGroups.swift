// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum ListGroupsEndpoint: Endpoint {
    static let name = "ListGroups"

    static func access(_ request: ListGroupsRequest) -> Access { .byItem }

    static func handle(_ request: ListGroupsRequest, _ call: Call) {
        let states = Set(request.statesFilter.map { $0.lowercased() })
        let types = Set(request.typesFilter.map { $0.lowercased() })
        let seesAll = call.permits(.describe, .cluster)
        var response = ListGroupsResponse()
        for group in call.cluster.groups.values.sorted(by: { $0.name < $1.name }) {
            guard call.coordinatesGroup(group.name), types.isEmpty || types.contains(group.kind.rawValue),
                states.isEmpty || states.contains(group.stateName.lowercased())
            else { continue }
            guard seesAll || call.permits(.describe, .group(group.name)) else { continue }
            var listed = ListGroupsResponse.ListedGroup()
            listed.groupId = group.name
            listed.protocolType = group.kind == .consumer ? "consumer" : group.classic.protocolType ?? ""
            listed.groupState = group.stateName
            listed.groupType = group.kind.rawValue
            response.groups.append(listed)
        }
        call.answer(response)
    }

    static func fail(_ request: ListGroupsRequest, _ error: ErrorCode, _ call: Call) {
        var response = ListGroupsResponse()
        response.errorCode = error
        call.answer(response)
    }
}
