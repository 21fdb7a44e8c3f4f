// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DeleteRecordsEndpoint: Endpoint {
    static let name = "DeleteRecords"

    static func access(_ request: DeleteRecordsRequest) -> Access { .byItem }

    static func handle(_ request: DeleteRecordsRequest, _ call: Call) {
        self.answer(request, call) { topic, requested throws(BrokerError) in
            try call.require(.delete, .topic(topic))
            guard let partition = call.cluster.topic(topic)?.partition(requested.partitionIndex) else {
                throw BrokerError(.unknownTopicOrPartition)
            }
            if let refusal = partition.refusal(at: call.broker.id, currentLeaderEpoch: -1, fromLeaderOnly: true) {
                throw BrokerError(refusal)
            }
            try partition.log.deleteRecords(before: requested.offset)
            call.cluster.wakeFetches(of: partition)
            return partition.log.startOffset
        }
    }

    private static func answer(
        _ request: DeleteRecordsRequest, _ call: Call,
        _ delete: (String, DeleteRecordsRequest.DeleteRecordsPartition) throws(BrokerError) -> Int64
    ) {
        var response = DeleteRecordsResponse()
        for topic in request.topics {
            var result = DeleteRecordsResponse.DeleteRecordsTopicResult()
            result.name = topic.name
            for partition in topic.partitions {
                var part = DeleteRecordsResponse.DeleteRecordsPartitionResult()
                part.partitionIndex = partition.partitionIndex
                do throws(BrokerError) {
                    part.lowWatermark = try delete(topic.name, partition)
                } catch {
                    part.lowWatermark = -1
                    part.errorCode = error.code
                }
                result.partitions.append(part)
            }
            response.topics.append(result)
        }
        call.answer(response)
    }

    static func fail(_ request: DeleteRecordsRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _, _ throws(BrokerError) in throw BrokerError(error) }
    }
}
