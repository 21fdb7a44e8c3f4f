// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Lists no reassignment, because none takes time here.
enum ListPartitionReassignmentsEndpoint: Endpoint {
    static let name = "ListPartitionReassignments"

    static func access(_ request: ListPartitionReassignmentsRequest) -> Access { .needs(.describe, .cluster) }

    static func handle(_ request: ListPartitionReassignmentsRequest, _ call: Call) {
        var response = ListPartitionReassignmentsResponse()
        response.errorMessage = nil
        call.answer(response)
    }

    static func fail(_ request: ListPartitionReassignmentsRequest, _ error: ErrorCode, _ call: Call) {
        var response = ListPartitionReassignmentsResponse()
        response.errorCode = error
        response.errorMessage = nil
        call.answer(response)
    }
}
