// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum EndTxnEndpoint: Endpoint {
    static let name = "EndTxn"

    static func access(_ request: EndTxnRequest) -> Access {
        .needs(.write, .transactionalID(request.transactionalId))
    }

    static func handle(_ request: EndTxnRequest, _ call: Call) {
        let id = request.transactionalId
        guard !id.isEmpty else { return self.fail(request, .invalidRequest, call) }
        guard call.coordinatesTransactions(of: id) else { return self.fail(request, .notCoordinator, call) }
        do throws(BrokerError) {
            let next = try call.cluster.transactions.end(
                id, isCommit: request.committed, by: .init(id: request.producerId, epoch: request.producerEpoch),
                bumpsEpoch: call.version >= 5)
            var response = EndTxnResponse()
            if call.version >= 5 {
                response.producerId = next.id
                response.producerEpoch = next.epoch
            }
            call.answer(response)
        } catch {
            self.fail(
                request, error.code == .producerFenced && call.version < 2 ? .invalidProducerEpoch : error.code, call)
        }
    }

    static func fail(_ request: EndTxnRequest, _ error: ErrorCode, _ call: Call) {
        var response = EndTxnResponse()
        response.errorCode = error
        call.answer(response)
    }
}
