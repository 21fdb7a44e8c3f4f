// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

struct DescribeTransactionsCall: Call {
    typealias Request = DescribeTransactionsRequest

    var doing: String { "describing transactions" }

    func destination(of id: String) -> Destination { .coordinator(CoordinatorKey(kind: .transaction, name: id)) }

    func request(for ids: [String], to recipient: Recipient) throws(KafkaError) -> DescribeTransactionsRequest {
        var request = DescribeTransactionsRequest()
        request.transactionalIds = ids
        return request
    }

    func outcomes(
        of response: DescribeTransactionsResponse, to ids: [String], from recipient: Recipient
    ) -> [String: CallOutcome<TransactionDescription>] {
        var outcomes: [String: CallOutcome<TransactionDescription>] = [:]
        for answer in response.transactionStates {
            guard answer.errorCode == .none else {
                outcomes[answer.transactionalId] = self.refused(
                    answer.errorCode, answer.transactionalId, by: recipient)
                continue
            }
            outcomes[answer.transactionalId] = .done(
                TransactionDescription(
                    transactionalID: answer.transactionalId, state: TransactionState(rawValue: answer.transactionState),
                    coordinator: recipient.identifiedBroker, producerID: answer.producerId,
                    producerEpoch: answer.producerEpoch,
                    timeout: .milliseconds(answer.transactionTimeoutMs),
                    startedAt: answer.transactionStartTimeMs < 0
                        ? nil : Timestamp(millisecondsSince1970: answer.transactionStartTimeMs),
                    partitions: answer.topics.flatMap { topic in
                        topic.partitions.map { TopicPartition(topic.topic, $0) }
                    }.sorted()))
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about id: String) { error.message += " (The transactional id is \(id).)" }
}
