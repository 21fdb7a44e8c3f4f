// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Adds partitions to a transaction before records are written to them. Version 2 of transactions does without.
struct AddPartitionsToTxnCall: TransactionCall {
    typealias Request = AddPartitionsToTxnRequest

    let producer: TransactionalProducer

    var transactionalID: String { self.producer.transactionalID }

    var doing: String { "adding partitions to a transaction" }

    // Later versions are for brokers.
    var versions: ClosedRange<Int16> { 0...3 }

    func request(
        for partitions: [TopicPartition], to recipient: Recipient
    ) throws(KafkaError) -> AddPartitionsToTxnRequest {
        var request = AddPartitionsToTxnRequest()
        request.v3AndBelowTransactionalId = self.transactionalID
        request.v3AndBelowProducerId = self.producer.identity.id
        request.v3AndBelowProducerEpoch = self.producer.identity.epoch
        request.v3AndBelowTopics = partitions.byTopic.map { name, own in
            var topic = AddPartitionsToTxnRequest.AddPartitionsToTxnTopic()
            topic.name = name
            topic.partitions = own.map(\.partition)
            return topic
        }
        return request
    }

    func outcomes(
        of response: AddPartitionsToTxnResponse, to partitions: [TopicPartition], from recipient: Recipient
    ) -> [TopicPartition: CallOutcome<Void>] {
        var outcomes: [TopicPartition: CallOutcome<Void>] = [:]
        for topic in response.resultsByTopicV3AndBelow {
            for answer in topic.resultsByPartition {
                let partition = TopicPartition(topic.name, answer.partitionIndex)
                let code = answer.partitionErrorCode
                outcomes[partition] = code == .none ? .done(()) : self.refused(code, partition, by: recipient)
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about partition: TopicPartition) { error.note(partition) }
}
