// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DescribeTransactionsEndpoint: Endpoint {
    static let name = "DescribeTransactions"

    static func access(_ request: DescribeTransactionsRequest) -> Access { .byItem }

    static func handle(_ request: DescribeTransactionsRequest, _ call: Call) {
        self.answer(request, call) { id throws(BrokerError) in
            try call.require(.describe, .transactionalID(id))
            guard !id.isEmpty else { throw BrokerError(.invalidRequest) }
            guard call.coordinatesTransactions(of: id) else { throw BrokerError(.notCoordinator) }
            guard let state = call.cluster.transactions.states[id] else {
                throw BrokerError(.transactionalIdNotFound)
            }
            return state
        }
    }

    private static func answer(
        _ request: DescribeTransactionsRequest, _ call: Call,
        _ find: (String) throws(BrokerError) -> TransactionalIDState
    ) {
        var response = DescribeTransactionsResponse()
        response.transactionStates = request.transactionalIds.map { id in
            var result = DescribeTransactionsResponse.TransactionState()
            result.transactionalId = id
            do throws(BrokerError) {
                self.describe(try find(id), call, in: &result)
            } catch {
                result.errorCode = error.code
            }
            return result
        }
        call.answer(response)
    }

    private static func describe(
        _ state: TransactionalIDState, _ call: Call, in result: inout DescribeTransactionsResponse.TransactionState
    ) {
        result.transactionState = state.state.rawValue
        result.transactionTimeoutMs = Int32(clamping: state.timeout)
        result.transactionStartTimeMs =
            state.start ?? -1
        result.producerId = state.producer.id
        result.producerEpoch = state.producer.epoch
        let topics = Dictionary(grouping: state.places, by: \.topic).filter { call.permits(.describe, .topic($0.key)) }
        result.topics = topics.sorted { $0.key < $1.key }.map { name, places in
            var topic = DescribeTransactionsResponse.TopicData()
            topic.topic = name
            topic.partitions = places.map(\.partition).sorted()
            return topic
        }
    }

    static func fail(_ request: DescribeTransactionsRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _ throws(BrokerError) in throw BrokerError(error) }
    }
}
