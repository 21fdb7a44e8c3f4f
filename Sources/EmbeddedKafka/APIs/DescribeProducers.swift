// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DescribeProducersEndpoint: Endpoint {
    static let name = "DescribeProducers"

    static func access(_ request: DescribeProducersRequest) -> Access { .byItem }

    static func handle(_ request: DescribeProducersRequest, _ call: Call) {
        self.answer(request, call) { name, index throws(BrokerError) in
            try call.require(.read, .topic(name))
            guard let partition = call.cluster.topic(name)?.partition(index) else {
                throw BrokerError(.unknownTopicOrPartition)
            }
            guard partition.replicas.contains(call.broker.id) else { throw BrokerError(.notLeaderOrFollower) }
            return partition.log.producers
        }
    }

    private static func answer(
        _ request: DescribeProducersRequest, _ call: Call,
        _ find: (String, Int32) throws(BrokerError) -> ProducerStates
    ) {
        var response = DescribeProducersResponse()
        for topic in request.topics {
            var result = DescribeProducersResponse.TopicResponse()
            result.name = topic.name
            for index in topic.partitionIndexes {
                var part = DescribeProducersResponse.PartitionResponse()
                part.partitionIndex = index
                do throws(BrokerError) {
                    let states = try find(topic.name, index)
                    part.activeProducers = states.producers.sorted { $0.key < $1.key }.map {
                        self.state($0.key, $0.value)
                    }
                } catch {
                    part.errorCode = error.code
                    part.errorMessage = error.message
                }
                result.partitions.append(part)
            }
            response.topics.append(result)
        }
        call.answer(response)
    }

    private static func state(
        _ id: Int64, _ producer: ProducerStates.Producer
    ) -> DescribeProducersResponse.ProducerState {
        var state = DescribeProducersResponse.ProducerState()
        state.producerId = id
        state.producerEpoch = Int32(producer.epoch)
        state.lastSequence = producer.batches.last?.lastSequence ?? -1
        state.lastTimestamp = producer.lastTimestamp
        state.coordinatorEpoch = producer.coordinatorEpoch
        state.currentTxnStartOffset = producer.transactionStart ?? -1
        return state
    }

    static func fail(_ request: DescribeProducersRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _, _ throws(BrokerError) in throw BrokerError(error) }
    }
}
