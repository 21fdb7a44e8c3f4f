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

    static func handle(_ request: ListTransactionsRequest, _ call: Call) {
        var response = ListTransactionsResponse()
        let known = request.stateFilters.compactMap { TransactionalIDState.State(rawValue: $0) }
        response.unknownStateFilters = request.stateFilters.filter { TransactionalIDState.State(rawValue: $0) == nil }
        var pattern: Regex<AnyRegexOutput>?
        if let text = request.transactionalIdPattern, !text.isEmpty {
            guard let regex = try? Regex(text) else { return self.fail(request, .invalidRegularExpression, call) }
            pattern = regex
        }
        for (id, state) in call.cluster.transactions.states.sorted(by: { $0.key < $1.key }) {
            guard state.state != .dead, call.coordinatesTransactions(of: id),
                call.permits(.describe, .transactionalID(id)),
                request.stateFilters.isEmpty || known.contains(state.state),
                request.producerIdFilters.isEmpty || request.producerIdFilters.contains(state.producer.id),
                request.durationFilter < 0 || self.isOlder(state, than: request.durationFilter, call)
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

    private static func isOlder(_ state: TransactionalIDState, than duration: Int64, _ call: Call) -> Bool {
        guard let start = state.start, state.state == .ongoing || state.marker != nil else { return false }
        return call.cluster.wallMilliseconds - start > duration
    }

    static func fail(_ request: ListTransactionsRequest, _ error: ErrorCode, _ call: Call) {
        var response = ListTransactionsResponse()
        response.errorCode = error
        call.answer(response)
    }
}
