// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum AddOffsetsToTxnEndpoint: Endpoint {
    static let name = "AddOffsetsToTxn"

    static func access(_ request: AddOffsetsToTxnRequest) -> Access { .byItem }

    static func handle(_ request: AddOffsetsToTxnRequest, _ call: Call) {
        let id = request.transactionalId
        do throws(BrokerError) {
            try call.require(.write, .transactionalID(id))
            try call.require(.read, .group(request.groupId))
            guard !id.isEmpty else { throw BrokerError(.invalidRequest) }
            guard call.coordinatesTransactions(of: id) else { throw BrokerError(.notCoordinator) }
            try call.cluster.transactions.add(
                [.init(topic: OffsetsTopic.name, partition: OffsetsTopic.partition(of: request.groupId))], to: id,
                by: .init(id: request.producerId, epoch: request.producerEpoch))
            call.answer(AddOffsetsToTxnResponse())
        } catch {
            self.fail(
                request, error.code == .producerFenced && call.version < 2 ? .invalidProducerEpoch : error.code, call)
        }
    }

    static func fail(_ request: AddOffsetsToTxnRequest, _ error: ErrorCode, _ call: Call) {
        var response = AddOffsetsToTxnResponse()
        response.errorCode = error
        call.answer(response)
    }
}
