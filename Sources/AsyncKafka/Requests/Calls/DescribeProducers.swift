// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

struct DescribeProducersCall: Call {
    typealias Request = DescribeProducersRequest

    /// The broker whose replicas are asked. Nil for the partitions' leaders.
    var broker: Int32?

    var doing: String { "describing producers" }

    func destination(of partition: TopicPartition) -> Destination {
        self.broker.map(Destination.broker) ?? .leader(partition)
    }

    func request(
        for partitions: [TopicPartition], to recipient: Recipient
    ) throws(KafkaError) -> DescribeProducersRequest {
        var request = DescribeProducersRequest()
        request.topics = partitions.byTopic.map { name, own in
            var topic = DescribeProducersRequest.TopicRequest()
            topic.name = name
            topic.partitionIndexes = own.map(\.partition)
            return topic
        }
        return request
    }

    func outcomes(
        of response: DescribeProducersResponse, to partitions: [TopicPartition], from recipient: Recipient
    ) -> [TopicPartition: CallOutcome<[ProducerState]>] {
        var outcomes: [TopicPartition: CallOutcome<[ProducerState]>] = [:]
        for topic in response.topics {
            for answer in topic.partitions {
                let partition = TopicPartition(topic.name, answer.partitionIndex)
                outcomes[partition] =
                    answer.errorCode == .none
                    ? .done(answer.activeProducers.map(self.state).sorted { $0.producerID < $1.producerID })
                    : self.refused(answer.errorCode, partition, by: recipient, message: answer.errorMessage)
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about partition: TopicPartition) { error.note(partition) }

    private func state(_ producer: DescribeProducersResponse.ProducerState) -> ProducerState {
        ProducerState(
            producerID: producer.producerId, producerEpoch: producer.producerEpoch, lastSequence: producer.lastSequence,
            lastTimestamp: producer.lastTimestamp < 0
                ? nil : Timestamp(millisecondsSince1970: producer.lastTimestamp),
            coordinatorEpoch: producer.coordinatorEpoch < 0 ? nil : producer.coordinatorEpoch,
            transactionStartOffset: producer.currentTxnStartOffset < 0 ? nil : producer.currentTxnStartOffset)
    }
}
