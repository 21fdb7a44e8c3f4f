// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum OffsetForLeaderEpochEndpoint: Endpoint {
    static let name = "OffsetForLeaderEpoch"

    static func access(_ request: OffsetForLeaderEpochRequest) -> Access { .byItem }

    static func handle(_ request: OffsetForLeaderEpochRequest, _ call: Call) {
        self.answer(request, call) { topic, requested throws(BrokerError) in
            try call.require(.describe, .topic(topic))
            guard let partition = call.cluster.topic(topic)?.partition(requested.partition) else {
                throw BrokerError(.unknownTopicOrPartition)
            }
            let refusal = partition.refusal(
                at: call.broker.id, currentLeaderEpoch: requested.currentLeaderEpoch, fromLeaderOnly: true)
            if let refusal { throw BrokerError(refusal) }
            return partition.log.epochs.end(of: requested.leaderEpoch, logEndOffset: partition.log.endOffset)
        }
    }

    private static func answer(
        _ request: OffsetForLeaderEpochRequest, _ call: Call,
        _ look: (String, OffsetForLeaderEpochRequest.OffsetForLeaderPartition) throws(BrokerError) -> LeaderEpochs.End
    ) {
        var response = OffsetForLeaderEpochResponse()
        for topic in request.topics {
            var result = OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult()
            result.topic = topic.topic
            for partition in topic.partitions {
                var end = OffsetForLeaderEpochResponse.EpochEndOffset()
                end.partition = partition.partition
                do throws(BrokerError) {
                    let found = try look(topic.topic, partition)
                    end.leaderEpoch = found.epoch
                    end.endOffset = found.offset
                } catch {
                    end.errorCode = error.code
                }
                result.partitions.append(end)
            }
            response.topics.append(result)
        }
        call.answer(response)
    }

    static func fail(_ request: OffsetForLeaderEpochRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _, _ throws(BrokerError) in throw BrokerError(error) }
    }
}
