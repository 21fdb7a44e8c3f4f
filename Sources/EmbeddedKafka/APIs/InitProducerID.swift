// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum InitProducerIDEndpoint: Endpoint {
    static let name = "InitProducerId"

    static func access(_ request: InitProducerIdRequest) -> Access { .byItem }

    static func handle(_ request: InitProducerIdRequest, _ call: Call) {
        if let refusal = self.refusal(request, call) { return self.fail(request, refusal, call) }
        if let id = request.transactionalId { return self.initialize(id, request, call) }
        var response = InitProducerIdResponse()
        response.producerId = call.cluster.takeProducerID()
        response.producerEpoch = 0
        call.answer(response)
    }

    private static func initialize(_ id: String, _ request: InitProducerIdRequest, _ call: Call) {
        guard !id.isEmpty else { return self.fail(request, .invalidRequest, call) }
        guard call.coordinatesTransactions(of: id) else { return self.fail(request, .notCoordinator, call) }
        let timeout = Int64(request.transactionTimeoutMs)
        guard timeout > 0, timeout <= call.cluster.configuration.maxTransactionTimeout.inMilliseconds else {
            return self.fail(request, .invalidTransactionTimeout, call)
        }
        guard (request.producerId == -1) == (request.producerEpoch == -1) else {
            return self.fail(request, .invalidRequest, call)
        }
        var expected: TransactionalIDState.Producer?
        if request.producerId != -1 {
            expected = TransactionalIDState.Producer(id: request.producerId, epoch: request.producerEpoch)
        }
        do throws(BrokerError) {
            let producer = try call.cluster.transactions.initProducer(id, continuing: expected, timeout: timeout)
            var response = InitProducerIdResponse()
            response.producerId = producer.id
            response.producerEpoch = producer.epoch
            call.answer(response)
        } catch {
            self.fail(
                request, error.code == .producerFenced && call.version < 4 ? .invalidProducerEpoch : error.code, call)
        }
    }

    private static func refusal(_ request: InitProducerIdRequest, _ call: Call) -> ErrorCode? {
        if let id = request.transactionalId {
            return call.permits(.write, .transactionalID(id)) ? nil : .transactionalIdAuthorizationFailed
        }
        // A client that may write to a topic may do so with idempotence (KIP-679).
        let isPermitted = call.permits(.idempotentWrite, .cluster) || call.permits(.write, onAny: .topic)
        return isPermitted ? nil : .clusterAuthorizationFailed
    }

    static func fail(_ request: InitProducerIdRequest, _ error: ErrorCode, _ call: Call) {
        var response = InitProducerIdResponse()
        response.errorCode = error
        response.producerId = -1
        response.producerEpoch = -1
        call.answer(response)
    }
}
