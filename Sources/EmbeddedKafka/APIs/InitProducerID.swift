// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum InitProducerIDEndpoint: Endpoint {
    static let name = "InitProducerId"

    static func handle(_ request: InitProducerIdRequest, _ call: Call) {
        guard request.transactionalId == nil else {
            // This broker doesn't support transactions yet.
            self.fail(request, .unsupportedVersion, call)
            return
        }
        var response = InitProducerIdResponse()
        response.producerId = call.cluster.takeProducerID()
        response.producerEpoch = 0
        call.answer(response)
    }

    static func fail(_ request: InitProducerIdRequest, _ error: ErrorCode, _ call: Call) {
        var response = InitProducerIdResponse()
        response.errorCode = error
        response.producerId = -1
        response.producerEpoch = -1
        call.answer(response)
    }
}
