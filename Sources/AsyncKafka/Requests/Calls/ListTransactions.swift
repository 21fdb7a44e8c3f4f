// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

struct ListTransactionsCall: Call {
    typealias Request = ListTransactionsRequest

    /// The states to list. Nil for all.
    var states: Set<TransactionState>?
    /// The producers to list. Nil for all.
    var producerIDs: Set<Int64>?
    /// The minimum age of the transactions. Nil for all.
    var minimumAge: Duration?
    /// The pattern of the transactional ids. Nil for all.
    var pattern: String?

    var doing: String { "listing transactions" }

    func destination(of broker: Int32) -> Destination { .broker(broker) }

    func request(for brokers: [Int32], to recipient: Recipient) throws(KafkaError) -> ListTransactionsRequest {
        var request = ListTransactionsRequest()
        request.stateFilters = (self.states ?? []).map(\.rawValue).sorted()
        request.producerIdFilters = (self.producerIDs ?? []).sorted()
        if let minimumAge {
            guard recipient.version >= 1 else { throw self.absence("their age", "3.8", recipient) }
            request.durationFilter = max(0, minimumAge.clampedMilliseconds)
        }
        if let pattern {
            guard recipient.version >= 2 else { throw self.absence("a pattern of their ids", "4.1", recipient) }
            request.transactionalIdPattern = pattern
        }
        return request
    }

    private func absence(_ filter: String, _ release: String, _ recipient: Recipient) -> KafkaError {
        KafkaError(
            .unsupportedVersion, "The broker can't list transactions by \(filter), which came with Kafka \(release).",
            broker: recipient.broker.description)
    }

    func outcomes(
        of response: ListTransactionsResponse, to brokers: [Int32], from recipient: Recipient
    ) -> [Int32: CallOutcome<[TransactionListing]>] {
        var outcomes: [Int32: CallOutcome<[TransactionListing]>] = [:]
        for broker in brokers {
            guard response.errorCode == .none else {
                outcomes[broker] = self.refused(response.errorCode, broker, by: recipient)
                continue
            }
            // The broker leaves such a state out, as if no transaction was in it.
            guard response.unknownStateFilters.isEmpty else {
                let names = response.unknownStateFilters.sorted().joined(separator: ", ")
                outcomes[broker] = .failed(
                    KafkaError(
                        .invalidArgument, "The broker knows no such state of transactions: \(names).",
                        broker: recipient.broker.description))
                continue
            }
            outcomes[broker] = .done(
                response.transactionStates.map {
                    TransactionListing(
                        transactionalID: $0.transactionalId, producerID: $0.producerId,
                        state: TransactionState(rawValue: $0.transactionState), coordinator: broker)
                })
        }
        return outcomes
    }
}
