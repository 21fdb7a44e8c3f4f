// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum ListTransactionsEndpoint: Endpoint {
    static let name = "ListTransactions"

    static func access(_ request: ListTransactionsRequest) -> Access { .byItem }

    /// Kafka's names of states. Transactional IDs are never in the last two here.
    private static let states = TransactionalIDState.State.allCases.map(\.rawValue) + ["Dead", "PrepareEpochFence"]

    static func handle(_ request: ListTransactionsRequest, _ call: Call) {
        var response = ListTransactionsResponse()
        response.unknownStateFilters = request.stateFilters.filter { !self.states.contains($0) }
        var pattern: Regex<AnyRegexOutput>?
        if let text = request.transactionalIdPattern, !text.isEmpty {
            guard let regex = try? Regex(text) else { return self.fail(request, .invalidRegularExpression, call) }
            pattern = regex
        }
        // As in Kafka, what has not begun is older than anything.
        let now = call.cluster.wallMilliseconds
        for (id, state) in call.cluster.transactions.states.sorted(by: { $0.key < $1.key }) {
            guard call.coordinatesTransactions(of: id),
                call.permits(.describe, .transactionalID(id)),
                request.stateFilters.isEmpty || request.stateFilters.contains(state.state.rawValue),
                request.producerIdFilters.isEmpty || request.producerIdFilters.contains(state.producer.id),
                request.durationFilter < 0 || now - (state.start ?? -1) > request.durationFilter
            else { continue }
            if let pattern, (try? pattern.wholeMatch(in: id)) == nil { continue }
            var listed = ListTransactionsResponse.TransactionState()
            listed.transactionalId = id
            listed.producerId = state.producer.id
            listed.transactionState = state.state.rawValue
            response.transactionStates.append(listed)
        }
        call.answer(response)
    }

    static func fail(_ request: ListTransactionsRequest, _ error: ErrorCode, _ call: Call) {
        var response = ListTransactionsResponse()
        response.errorCode = error
        call.answer(response)
    }
}
